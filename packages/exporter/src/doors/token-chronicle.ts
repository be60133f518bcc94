import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { z } from 'zod';
import { readStateFile, writeStateFile } from '../state-file.ts';
import { removedTokenRecord, tokenRecordId, tokenRecords } from './token-record.ts';
import type { StoredToken } from './token-file.ts';

/** How long it waits after a failure. */
const RETRY_MS = 5_000;

/** Records that are appended at once. */
const MAX_BATCH = 100;

/** States of the directory that wait to be recorded; beyond, what came and went in between is not told. */
const MAX_PENDING = 100;

/** What {@link TokenChronicle} works with. */
export interface TokenChronicleOptions {
  /** Keeps what is recorded. */
  file: string;
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  /** Which of these records the log has from an index on. */
  find: (ids: Iterable<string>, from: number) => Promise<ReadonlySet<string>>;
  /** Durable entries of the log. */
  size: () => number;
  log: Pick<Logger, 'error'>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What is kept between runs. */
interface Chronicle {
  /** What was recorded before this ledger index is in `recorded`. */
  size: number;
  /** `audit.record.id`s. */
  recorded: Set<string>;
}

const stored: z.ZodType<{ size: number; recorded: string[] }> = z.strictObject({
  size: z.int().nonnegative(),
  recorded: z.array(z.string()),
});

/**
 * Makes a record, once, of each thing that happens to a token: that it was made, replaced, revoked, or that its file went
 * away. Who gives themselves a way in, or closes one, is told by the ledger, also of what was done while no service ran.
 */
export class TokenChronicle {
  readonly #options: TokenChronicleOptions;
  readonly #now: () => number;
  #work: Promise<void> = Promise.resolve();
  readonly #pending: (readonly StoredToken[])[] = [];
  #known: Chronicle | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: TokenChronicleOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** These are all tokens that there are now. Nobody waits for the records; what fails is tried again. */
  take(tokens: readonly StoredToken[]): void {
    if (this.#pending.length >= MAX_PENDING) this.#pending.pop();
    this.#pending.push(tokens);
    this.#proceed();
  }

  /** Waits for what is being recorded. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    await this.#work;
  }

  #proceed(): void {
    clearTimeout(this.#retry);
    this.#work = this.#work.then(() => this.#write());
  }

  async #write(): Promise<void> {
    try {
      for (let tokens = this.#pending[0]; tokens !== undefined; tokens = this.#pending[0]) {
        await this.#record(tokens);
        this.#pending.shift();
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'what happened to tokens could not be recorded');
      if (this.#isStopped) return;
      this.#retry = setTimeout(() => {
        this.#proceed();
      }, RETRY_MS).unref();
    }
  }

  async #record(tokens: readonly StoredToken[]): Promise<void> {
    const { file, record, find, size } = this.#options;
    const chronicle = (this.#known ??= await this.#read());
    const { recorded } = chronicle;
    const records = tokenRecords(tokens);
    for (const id of missingTokens(recorded, tokens)) {
      const draft = removedTokenRecord(id, this.#now());
      records.set(draft.id, draft);
    }
    const missing = [...records.values()].filter(({ id }) => !recorded.has(id));
    if (missing.length === 0) return;
    // A crash may have come between a record and the note of it.
    const logged = await find(
      missing.map(({ id }) => id),
      chronicle.size,
    );
    const drafts = missing.filter(({ id }) => !logged.has(id));
    const from = size();
    for (let at = 0; at < drafts.length; at += MAX_BATCH) await record(drafts.slice(at, at + MAX_BATCH));
    for (const { id } of missing) recorded.add(id);
    chronicle.size = from;
    await writeStateFile(file, `${JSON.stringify({ size: from, recorded: [...recorded] })}\n`);
  }

  async #read(): Promise<Chronicle> {
    const text = await readStateFile(this.#options.file);
    const { size, recorded } =
      text === undefined ? { size: 0, recorded: [] } : stored.parse(JSON.parse(text));
    return { size, recorded: new Set(recorded) };
  }
}

/** Ids of tokens that were recorded and have no file any more. */
function missingTokens(recorded: ReadonlySet<string>, tokens: readonly StoredToken[]): string[] {
  const present = new Set(tokens.map(({ id }) => tokenRecordId(id, 'created')));
  return [...recorded].flatMap((recordId) => {
    const id = /^access-token-(.+)-created$/.exec(recordId)?.[1];
    return id === undefined || present.has(recordId) ? [] : [id];
  });
}
