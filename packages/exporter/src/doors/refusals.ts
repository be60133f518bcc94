import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { refusalRecord, type RefusalGroup } from './refusal-record.ts';
import type { Refusal, RefusalReason } from './refusal.ts';

/** Records of single refusals in one minute; what comes beyond is counted. */
export const MAX_SINGLE_RECORDS = 20;

/** Records of counted refusals in one minute, beside one for each reason. */
export const MAX_COUNTED_RECORDS = 30;

/** How long refusals are counted before their number is recorded. */
const WINDOW_MS = 60_000;

/** What {@link Refusals} works with. */
export interface RefusalsOptions {
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  log: Pick<Logger, 'warn' | 'error'>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Makes audit records of what was not let in, so few that nobody can fill a disk with them: in each minute the first ones
 * are recorded as they come; further ones are counted by reason, caller and address, and where even these are too many by
 * reason alone, and their numbers are recorded when the minute is over. No answer waits for a record.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #now: () => number;
  readonly #counted: Map<string, RefusalGroup> = new Map();
  readonly #totals: Map<RefusalReason, number> = new Map();
  readonly #writing: Set<Promise<void>> = new Set();
  #singles = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** How many there were since the start, by reason. */
  get totals(): ReadonlyMap<RefusalReason, number> {
    return this.#totals;
  }

  /** Something was not let in. */
  add(refusal: Omit<Refusal, 'atMs'>): void {
    const atMs = this.#now();
    const one = { ...refusal, atMs };
    this.#totals.set(one.reason, (this.#totals.get(one.reason) ?? 0) + 1);
    this.#timer ??= setTimeout(() => {
      this.#closeWindow();
    }, WINDOW_MS).unref();
    if (this.#singles < MAX_SINGLE_RECORDS) {
      this.#singles++;
      this.#write([{ first: one, count: 1, lastMs: atMs, isAlike: true }]);
    } else {
      this.#count({ first: one, count: 1, lastMs: atMs, isAlike: true });
    }
  }

  /** Records what was counted, and waits for all records that are on their way. */
  async stop(): Promise<void> {
    this.#closeWindow();
    await Promise.all(this.#writing);
    // What could not be written just now is counted again, and is lost now; the log says so.
    if (this.#counted.size > 0) {
      const lost = [...this.#counted.values()].reduce((sum, { count }) => sum + count, 0);
      this.#options.log.error({ lost }, 'refused requests could not be recorded');
    }
  }

  #count(group: RefusalGroup): void {
    const { reason, address, caller = '', request } = group.first;
    const key = [reason, address, caller, request?.method, request?.route].join(' ');
    const known = this.#counted.get(key);
    if (group.isAlike && (known !== undefined || this.#counted.size < MAX_COUNTED_RECORDS)) {
      this.#counted.set(key, merge(known, group));
      return;
    }
    this.#counted.set(reason, { ...merge(this.#counted.get(reason), group), isAlike: false });
  }

  #closeWindow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#singles = 0;
    const groups = [...this.#counted.values()];
    this.#counted.clear();
    if (groups.length > 0) this.#write(groups);
  }

  #write(groups: readonly RefusalGroup[]): void {
    for (const { first, count } of groups) {
      const { reason, tokenId, request } = first;
      this.#options.log.warn({ reason, token: tokenId, route: request?.route, count }, 'refused');
    }
    const written = this.#options.record(groups.map(refusalRecord)).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'refused requests could not be recorded now; they are counted');
      for (const group of groups) this.#count(group);
      this.#timer ??= setTimeout(() => {
        this.#closeWindow();
      }, WINDOW_MS).unref();
    });
    this.#writing.add(written);
    void written.finally(() => this.#writing.delete(written));
  }
}

function merge(known: RefusalGroup | undefined, group: RefusalGroup): RefusalGroup {
  if (known === undefined) return group;
  return {
    ...known,
    count: known.count + group.count,
    lastMs: Math.max(known.lastMs, group.lastMs),
  };
}
