import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import type { Reading } from '../reading.ts';
import { readingRecord, type ReadingGroup } from './reading-record.ts';

/** How long the same question of the same reader is counted before its number is recorded. */
export const READING_WINDOW_MS = 60_000;

/** Questions that are counted at once. Of one beyond, each repetition has a record of its own. */
export const MAX_COUNTED_READINGS = 1_000;

/** What {@link Readings} work with. */
export interface ReadingsOptions {
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  log: Pick<Logger, 'error'>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** A question that was recorded once, and how often it came again. */
interface Repeated {
  again: ReadingGroup | undefined;
  timer: NodeJS.Timeout;
}

/**
 * Makes audit records of what readers were shown. A question is recorded before it is answered; when the same reader asks
 * it again within a minute, as a page that refreshes itself does, and for each further page of its answer, it is counted,
 * and the numbers are recorded at the end of the minute.
 */
export class Readings {
  readonly #options: ReadingsOptions;
  readonly #now: () => number;
  readonly #repeated: Map<string, Repeated> = new Map();
  readonly #writing: Set<Promise<void>> = new Set();

  constructor(options: ReadingsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Somebody is about to be shown something; rejects if that cannot be recorded. */
  async note(caller: ReadingGroup['caller'], address: string, reading: Reading): Promise<void> {
    const atMs = this.#now();
    const group: ReadingGroup = { caller, address, reading, count: 1, firstMs: atMs, lastMs: atMs };
    const key = JSON.stringify([caller.name, address, reading.what, reading.id, reading.query]);
    const known = this.#repeated.get(key);
    if (known !== undefined) {
      known.again = merge(known.again, group);
      return;
    }
    const isCounted = this.#repeated.size < MAX_COUNTED_READINGS;
    if (isCounted) this.#repeated.set(key, { again: undefined, timer: this.#closeLater(key) });
    try {
      await this.#options.record([readingRecord(group)]);
    } catch (error) {
      // The next one has to be recorded before it is answered.
      if (isCounted) this.#close(key);
      throw error;
    }
  }

  /** Records what was counted, and waits for all records that are on their way. */
  async stop(): Promise<void> {
    for (const key of this.#repeated.keys()) this.#close(key);
    await Promise.all(this.#writing);
  }

  #closeLater(key: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#close(key);
    }, READING_WINDOW_MS).unref();
  }

  #close(key: string): void {
    const known = this.#repeated.get(key);
    this.#repeated.delete(key);
    clearTimeout(known?.timer);
    if (known?.again === undefined) return;
    const { count } = known.again;
    const written = this.#options.record([readingRecord(known.again)]).catch((error: unknown) => {
      this.#options.log.error({ err: error, count }, 'repeated readings could not be recorded');
    });
    this.#writing.add(written);
    void written.finally(() => this.#writing.delete(written));
  }
}

function merge(known: ReadingGroup | undefined, { reading, lastMs, ...rest }: ReadingGroup): ReadingGroup {
  if (known === undefined) return { reading, lastMs, ...rest };
  return {
    ...known,
    reading: {
      ...known.reading,
      records: known.reading.records + reading.records,
      counted: Math.max(known.reading.counted ?? 0, reading.counted ?? 0),
    },
    count: known.count + 1,
    lastMs,
  };
}
