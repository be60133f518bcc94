import type { RecordDraft } from '@spanledger/record';
import { ExporterError } from '../errors.ts';
import type { SeenSignals } from './seen-signals.ts';

/** What {@link SignalRecorder} works with. */
export interface SignalRecorderOptions {
  seen: SeenSignals;
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  /** Durable entries of the log. */
  size: () => number;
}

/** The records of one token, the first with the token's own id; none where it was recorded before. */
export interface SignalDrafts {
  id: string;
  drafts: readonly RecordDraft[];
}

/** Appends what signals tell, each once, whoever brings it and however often. */
export class SignalRecorder {
  readonly #options: SignalRecorderOptions;
  /** On their way, by id. */
  readonly #pending: Map<string, Promise<void>> = new Map();

  constructor(options: SignalRecorderOptions) {
    this.#options = options;
  }

  /** Whether a signal was recorded, or is on its way. */
  knows(id: string): boolean {
    return this.#pending.has(id) || this.#options.seen.has(id);
  }

  /**
   * Resolves once all of them are durable, those included that somebody else brought.
   *
   * @returns how many were new
   * @throws what the append throws, and ExporterError `service_busy`; then nothing of this call is recorded
   */
  async record(signals: readonly SignalDrafts[]): Promise<number> {
    const fresh = new Map(signals.filter(({ id }) => !this.knows(id)).map((signal) => [signal.id, signal]));
    // When it was opened somebody else was writing it; that failed since.
    if ([...fresh.values()].some(({ drafts }) => drafts.length === 0)) {
      throw new ExporterError('service_busy', 'an earlier delivery of the same signal could not be written');
    }
    const others = signals.flatMap(({ id }) => this.#pending.get(id) ?? []);
    if (fresh.size > 0) await this.#append([...fresh.values()]);
    await Promise.all(others);
    return fresh.size;
  }

  async #append(signals: readonly SignalDrafts[]): Promise<void> {
    const { seen, record, size } = this.#options;
    const ids = signals.map(({ id }) => id);
    const drafts = signals.flatMap((signal) => signal.drafts);
    seen.begin(ids, size());
    const appended = record(drafts).then(
      () => {
        seen.keep(ids);
      },
      (error: unknown) => {
        seen.drop(ids);
        throw error;
      },
    );
    for (const id of ids) this.#pending.set(id, appended);
    try {
      await appended;
    } finally {
      for (const id of ids) this.#pending.delete(id);
    }
  }
}
