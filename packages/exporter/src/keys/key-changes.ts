import {
  LedgerError,
  type KeyChange,
  type Ledger,
  type LedgerReader,
  type NoteSigner,
} from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import type { DataDirectory } from '../data-directory.ts';
import { findLoggedRecords } from '../logged-records.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';
import { keyRecord, keyRecordId } from './key-record.ts';
import {
  readKeyRequest,
  refuseKeyRequest,
  removeKeyRequest,
  writeKeyRequest,
  type KeyRequest,
} from './key-request.ts';

/** How soon a running service takes up a request. */
const POLL_MS = 500;

/** What {@link KeyChanges} works with. */
export interface KeyChangesOptions {
  paths: DataDirectory;
  ledger: Pick<Ledger, 'keys' | 'origin' | 'published' | 'sizes' | 'vkey'>;
  reader: Pick<LedgerReader, 'entries'>;
  /** All keys that are held. */
  signers: readonly NoteSigner[];
  /** Draws a further key, which is on the disk when the promise resolves. */
  drawKey: () => Promise<NoteSigner>;
  /** Appends a record of the service's own; resolves once it is durable. */
  append: (draft: RecordDraft) => Promise<void>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/**
 * Changes the log's keys as a request in the data directory asks for, and sees to it that every key statement becomes a
 * record. Each step can be done again: whatever a crash left undone is done by the next start.
 */
export class KeyChanges {
  readonly #options: KeyChangesOptions;
  readonly #signers: NoteSigner[];
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  /** How many statements are known to be records. */
  #logged = 0;
  /** How many there were when this process began: whether they are records, only the log can tell. */
  readonly #inherited: number;
  /** What failed last, so that it is told once and not twice a second. */
  #lastFailure = '';

  constructor(options: KeyChangesOptions) {
    this.#options = options;
    this.#signers = [...options.signers];
    this.#inherited = options.ledger.keys.changes.length;
  }

  /** Does what is left to do, and from then on what is asked for. */
  async start(): Promise<void> {
    await this.#publishKey();
    const logged = Number((await readStateFile(this.#options.paths.keyStatementsFile)) ?? '0');
    this.#logged = Number.isSafeInteger(logged) ? logged : 0;
    await this.#tryTurn();
    this.#timer = setInterval(() => {
      // One at a time.
      this.#work = this.#work.then(() => this.#tryTurn());
    }, POLL_MS);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  async #tryTurn(): Promise<void> {
    try {
      await this.#turn();
      this.#lastFailure = '';
    } catch (error) {
      const failure = String(error);
      if (failure !== this.#lastFailure)
        this.#options.log.error(
          { err: error },
          'a change of the log’s keys could not be finished and is tried again',
        );
      this.#lastFailure = failure;
    }
  }

  async #turn(): Promise<void> {
    const { paths, ledger } = this.#options;
    await this.#logStatements();
    const request = await readKeyRequest(paths);
    if (request === undefined) return;
    try {
      await (request.action === 'rotate' ? this.#rotate(request) : this.#retire(request));
      await removeKeyRequest(paths);
      this.#options.log.info({ vkey: ledger.vkey, action: request.action }, 'the log’s keys were changed');
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'rotation_refused')) throw error;
      const { message, hint } = error;
      this.#options.log.warn({ err: error }, 'a change of the log’s keys was refused');
      await refuseKeyRequest(paths, { id: request.id, message, ...(hint !== undefined && { hint }) });
    }
  }

  async #rotate(request: KeyRequest): Promise<void> {
    const { ledger, paths } = this.#options;
    const signer = await this.#chooseKey(request);
    // Done again after a crash, it is the same key.
    await writeKeyRequest(paths, { ...request, vkey: signer.vkey });
    const change = await ledger.keys.introduce(signer);
    await this.#publishKey();
    await this.#logStatements();
    if (request.end !== undefined) await this.#end(change.replaces, request.end);
  }

  async #retire({ vkey, end = { state: 'retired' } }: KeyRequest): Promise<void> {
    const active = this.#options.ledger.keys.keys.filter(({ state }) => state === 'active');
    const old = vkey ?? (active.length > 1 ? active[0]?.vkey : undefined);
    if (old === undefined) {
      throw new LedgerError('rotation_refused', 'the keys stay as they are: the log has one active key', {
        hint: 'Bring its successor first: spanledger keys rotate.',
      });
    }
    await this.#end(old, end);
  }

  async #end(vkey: string, end: NonNullable<KeyRequest['end']>): Promise<void> {
    const { ledger } = this.#options;
    // The record of the new key's statement, or any later one, carries its first signature.
    await ledger.published(ledger.sizes().durable);
    await ledger.keys.end({ vkey, ...end });
    await this.#logStatements();
  }

  /** The key that a request has chosen before; one that is held and not stated yet; or a new one. */
  async #chooseKey({ vkey }: KeyRequest): Promise<NoteSigner> {
    const { ledger, drawKey } = this.#options;
    const stated = new Set(ledger.keys.keys.map((key) => key.vkey));
    const chosen = this.#signers.find((signer) =>
      vkey === undefined ? !stated.has(signer.vkey) : signer.vkey === vkey,
    );
    if (chosen !== undefined) return chosen;
    const drawn = await drawKey();
    this.#signers.push(drawn);
    return drawn;
  }

  /** `ledger.vkey` names the newest key. */
  async #publishKey(): Promise<void> {
    const { paths, ledger } = this.#options;
    const line = `${ledger.vkey}\n`;
    if ((await readStateFile(paths.vkeyFile)) !== line) await writeStateFile(paths.vkeyFile, line);
  }

  /** Makes a record of each statement that has none. */
  async #logStatements(): Promise<void> {
    const { paths, ledger, append } = this.#options;
    for (const change of ledger.keys.changes) {
      if (change.number <= this.#logged) continue;
      const isLogged = change.number <= this.#inherited && (await this.#isLogged(change));
      if (!isLogged) await append(keyRecord(change, Date.now()));
      this.#logged = change.number;
      await writeStateFile(paths.keyStatementsFile, `${change.number}\n`);
    }
  }

  /** Looks for a statement's record among the entries that can hold it: those since its newest key began. */
  async #isLogged(change: KeyChange): Promise<boolean> {
    const from = this.#options.ledger.keys.keys.find(({ vkey }) => vkey === change.vkey)?.from ?? 0;
    const found = await findLoggedRecords(this.#options, [keyRecordId(change.number)], from);
    return found.size > 0;
  }
}
