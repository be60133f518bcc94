import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

/** Records of single refusals in one minute; what comes beyond is counted. */
export const MAX_SINGLE_RECORDS = 20;

/** Records of counted refusals in one minute, beside one for each reason. */
export const MAX_COUNTED_RECORDS = 30;

/** How long refusals are counted before their number is recorded. */
const WINDOW_MS = 60_000;

/** What every refusal has: why. There are only so many reasons. */
interface WithReason {
  reason: string;
}

/** Refusals that are told by one record: the first of them, how many, and when the first and the last one were. */
export interface RefusalGroup<Refusal extends WithReason> {
  first: Refusal;
  count: number;
  /** Milliseconds since the epoch. */
  firstMs: number;
  /** Milliseconds since the epoch. */
  lastMs: number;
  /** Whether all of them have in common what {@link RefusalsOptions.keyOf} tells. */
  isAlike: boolean;
}

/** What {@link Refusals} works with. */
export interface RefusalsOptions<Refusal extends WithReason> {
  /** What those that are counted together have in common: where they came from, what they asked for. */
  keyOf: (refusal: Refusal) => string;
  draftOf: (group: RefusalGroup<Refusal>) => RecordDraft;
  /** What the log of the service says of one; nothing personal. */
  describe: (refusal: Refusal) => object;
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  log: Pick<Logger, 'warn' | 'error'>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Makes audit records of what was not let in, so few that nobody can fill a disk with them: in each minute the first ones
 * are recorded as they come; further ones are counted by reason and by what else they have in common, and where even these
 * are too many by reason alone, and their numbers are recorded when the minute is over. No answer waits for a record.
 */
export class Refusals<Refusal extends WithReason> {
  readonly #options: RefusalsOptions<Refusal>;
  readonly #now: () => number;
  readonly #counted: Map<string, RefusalGroup<Refusal>> = new Map();
  readonly #totals: Map<Refusal['reason'], number> = new Map();
  readonly #writing: Set<Promise<void>> = new Set();
  #singles = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RefusalsOptions<Refusal>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** How many there were since the start, by reason. */
  get totals(): ReadonlyMap<Refusal['reason'], number> {
    return this.#totals;
  }

  /** Something was not let in. */
  add(refusal: Refusal): void {
    const atMs = this.#now();
    const { reason } = refusal;
    this.#totals.set(reason, (this.#totals.get(reason) ?? 0) + 1);
    this.#timer ??= setTimeout(() => {
      this.#closeWindow();
    }, WINDOW_MS).unref();
    const group = { first: refusal, count: 1, firstMs: atMs, lastMs: atMs, isAlike: true };
    if (this.#singles < MAX_SINGLE_RECORDS) {
      this.#singles++;
      this.#write([group]);
    } else {
      this.#count(group);
    }
  }

  /** Records what was counted, and waits for all records that are on their way. */
  async stop(): Promise<void> {
    this.#closeWindow();
    await Promise.all(this.#writing);
    // What could not be written just now is counted again, and is lost now; the log says so.
    if (this.#counted.size > 0) {
      const lost = [...this.#counted.values()].reduce((sum, { count }) => sum + count, 0);
      this.#options.log.error({ lost }, 'what was refused could not be recorded');
    }
    clearTimeout(this.#timer);
  }

  #count(group: RefusalGroup<Refusal>): void {
    const { reason } = group.first;
    const key = `${reason} ${this.#options.keyOf(group.first)}`;
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

  #write(groups: readonly RefusalGroup<Refusal>[]): void {
    const { describe, draftOf, log, record } = this.#options;
    for (const { first, count } of groups) log.warn({ ...describe(first), count }, 'refused');
    const written = record(groups.map(draftOf)).catch((error: unknown) => {
      log.error({ err: error }, 'what was refused could not be recorded now; it is counted');
      for (const group of groups) this.#count(group);
      this.#timer ??= setTimeout(() => {
        this.#closeWindow();
      }, WINDOW_MS).unref();
    });
    this.#writing.add(written);
    void written.finally(() => this.#writing.delete(written));
  }
}

function merge<Refusal extends WithReason>(
  known: RefusalGroup<Refusal> | undefined,
  group: RefusalGroup<Refusal>,
): RefusalGroup<Refusal> {
  if (known === undefined) return group;
  return {
    ...known,
    count: known.count + group.count,
    lastMs: Math.max(known.lastMs, group.lastMs),
  };
}
