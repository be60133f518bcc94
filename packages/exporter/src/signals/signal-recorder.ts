import type { RecordDraft } from '@spanledger/record';
import { ExporterError } from '../errors.ts';
import type { SeenSignals } from './seen-signals.ts';

/** How often it is noted up to where the ledger's signals are remembered. */
const NOTE_INTERVAL_MS = 10_000;

/** What {@link SignalRecorder} works with. */
export interface SignalRecorderOptions {
  seen: SeenSignals;
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  /** Durable entries of the log. */
  size: () => number;
  onError: (error: unknown) => void;
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
  /** In the ledger, and not remembered on disk yet, because that failed. */
  readonly #unsaved: Set<string> = new Set();
  #noting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SignalRecorderOptions) {
    this.#options = options;
  }

  /** Begins to note how far it is. */
  start(): void {
    this.#timer = setInterval(() => {
      this.#noting = this.#noting.then(() => this.#note());
    }, NOTE_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Waits for what is on its way, and notes how far it is. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#noting;
    await this.#note();
  }

  /** Whether a signal was recorded, or is on its way. */
  knows(id: string): boolean {
    return this.#pending.has(id) || this.#unsaved.has(id) || this.#options.seen.has(id);
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
    const ids = signals.map(({ id }) => id);
    const appended = this.#options.record(signals.flatMap(({ drafts }) => drafts)).then(() => {
      for (const id of ids) this.#unsaved.add(id);
      this.#save();
    });
    for (const id of ids) this.#pending.set(id, appended);
    try {
      await appended;
    } finally {
      for (const id of ids) this.#pending.delete(id);
    }
  }

  /** What the ledger has is true, whether it can be remembered or not. */
  #save(): void {
    try {
      this.#options.seen.add([...this.#unsaved]);
      this.#unsaved.clear();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** What was durable when this began is remembered when it notes so. */
  async #note(): Promise<void> {
    const size = this.#options.size();
    await Promise.allSettled(this.#pending.values());
    this.#save();
    if (this.#unsaved.size > 0) return;
    try {
      this.#options.seen.note(size);
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
