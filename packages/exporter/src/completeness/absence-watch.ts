import type { Hole } from './producer.ts';

/** How long to wait before something that is not there counts as missing. */
export interface AbsenceLimits {
  /** How long a hole may wait for a late arrival, in milliseconds. */
  graceMs: number;
  /** How long a producer may say nothing, in milliseconds; 0: for ever. */
  silenceMs: number;
}

interface WatchedHole {
  first: number;
  last: number;
  sinceMs: number;
}

/**
 * Measures, by the clock of the service and only while it runs, how long holes have been open and producers have said
 * nothing. It remembers nothing beyond a restart: what the service could not hear while it was down is missing from
 * nobody. What it finds becomes a record of the ledger, so that a rebuild needs no clock.
 */
export class AbsenceWatch {
  readonly #limits: AbsenceLimits;
  #holes: Map<string, WatchedHole[]> = new Map();
  #heard: Map<string, number> = new Map();
  /** Heard since the last look. */
  readonly #news: Set<string> = new Set();

  constructor(limits: AbsenceLimits) {
    this.#limits = limits;
  }

  /** A producer was heard. */
  hear(streamId: string): void {
    this.#news.add(streamId);
  }

  /**
   * Looks at the holes that no record accounts for.
   *
   * @param holes - all that there are, by producer; others are not watched any more
   * @returns those that have been open for long enough
   */
  overdueHoles(holes: ReadonlyMap<string, readonly Hole[]>, nowMs: number): Map<string, Hole[]> {
    const watched = new Map<string, WatchedHole[]>();
    const overdue = new Map<string, Hole[]>();
    for (const [streamId, open] of holes) {
      const before = this.#holes.get(streamId) ?? [];
      // A hole that is divided by an arrival is as old as it was.
      const now = open.map(({ from: first, to: last }): WatchedHole => {
        const known = before.find((hole) => hole.first <= first && last <= hole.last);
        return { first, last, sinceMs: Math.min(known?.sinceMs ?? nowMs, nowMs) };
      });
      watched.set(streamId, now);
      const due = open.filter((_, i) => nowMs - (now[i]?.sinceMs ?? nowMs) >= this.#limits.graceMs);
      if (due.length > 0) overdue.set(streamId, due);
    }
    this.#holes = watched;
    return overdue;
  }

  /**
   * Looks at the producers that are heard and have not ended.
   *
   * @param live - all that there are; others are not watched any more
   * @returns those that have said nothing for too long
   */
  silentProducers(live: readonly string[], nowMs: number): string[] {
    const heard = new Map<string, number>();
    for (const streamId of live) {
      const at = this.#news.has(streamId) ? nowMs : (this.#heard.get(streamId) ?? nowMs);
      heard.set(streamId, Math.min(at, nowMs));
    }
    this.#heard = heard;
    this.#news.clear();
    const { silenceMs } = this.#limits;
    if (silenceMs === 0) return [];
    return live.filter((streamId) => nowMs - (heard.get(streamId) ?? nowMs) >= silenceMs);
  }
}
