import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { ExporterError } from '../errors.ts';
import type { RowSealer } from '../outbox/index.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS sealed (id TEXT PRIMARY KEY, box BLOB NOT NULL) WITHOUT ROWID';

/**
 * What the service has to remember of erasures and legal holds, each row sealed: why somebody asked for one, or what is
 * held, may name people. A row that was written survives a power cut; what it replaced is overwritten.
 */
export class SealedRows {
  readonly #database: DatabaseSync;
  readonly #sealer: RowSealer;
  readonly #file: string;

  /**
   * @param file - path of the database
   * @throws ExporterError `privacy_state_damaged`
   */
  constructor(file: string, sealer: RowSealer) {
    this.#sealer = sealer;
    this.#file = file;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      this.#database = new DatabaseSync(file);
      this.#database.exec(
        `PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; ${SCHEMA}`,
      );
    } catch (cause) {
      throw damaged(file, cause);
    }
  }

  /**
   * Every row whose id begins so, parsed, in the order of their ids.
   *
   * @param parse - what a row must look like; undefined where it does not
   * @throws ExporterError `privacy_state_damaged`
   */
  read<Row>(prefix: string, parse: (value: unknown) => Row | undefined): Row[] {
    const rows = this.#database
      .prepare('SELECT id, box FROM sealed WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id')
      .all(prefix);
    return rows.map(({ id, box }) => {
      const bytes = box instanceof Uint8Array ? this.#sealer.open(String(id), box) : undefined;
      const row = bytes === undefined ? undefined : parse(parseJson(bytes));
      if (row === undefined) throw damaged(this.#file);
      return row;
    });
  }

  write(id: string, row: object): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO sealed (id, box) VALUES (?, ?)')
      .run(id, this.#sealer.seal(id, Buffer.from(JSON.stringify(row))));
  }

  close(): void {
    this.#database.close();
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function damaged(file: string, cause?: unknown): ExporterError {
  return new ExporterError('privacy_state_damaged', `${file} cannot be read`, {
    cause,
    hint: 'It holds what is to be erased and what must not be: restore it from a backup, together with keys/.',
  });
}
