import { formatCount, formatMilliseconds } from './text.ts';

const REDRAW_MS = 100;
const CLEAR_LINE = '\r\u001B[K';

/** A line that shows how far something is, on a terminal; nothing anywhere else. */
export interface ProgressLine {
  update(progress: { verified: number; size: number }): void;
  /** Takes the line away. */
  clear(): void;
}

/**
 * Shows progress with rate and remaining time, redrawn in place.
 *
 * @param write - to the terminal; undefined where there is none
 * @param now - the time in milliseconds
 */
export function progressLine(write: ((text: string) => void) | undefined, now: () => number): ProgressLine {
  const startedMs = now();
  let drawnMs = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    update(progress) {
      const atMs = now();
      if (write === undefined || atMs - drawnMs < REDRAW_MS) return;
      drawnMs = atMs;
      drawn = true;
      write(CLEAR_LINE + describeProgress(progress, atMs - startedMs));
    },
    clear() {
      if (drawn) write?.(CLEAR_LINE);
      drawn = false;
    },
  };
}

/** `12,000 of 50,000 entries (24 %), 41,000 entries/s, 1.2 s left`. */
export function describeProgress(progress: { verified: number; size: number }, elapsedMs: number): string {
  const { verified, size } = progress;
  const part = size === 0 ? 100 : Math.floor((verified / size) * 100);
  const done = `${formatCount(verified)} of ${formatCount(size)} entries (${part} %)`;
  if (verified === 0 || elapsedMs <= 0) return done;
  const perMs = verified / elapsedMs;
  return `${done}, ${formatCount(Math.round(perMs * 1000))} entries/s, ${formatMilliseconds((size - verified) / perMs)} left`;
}
