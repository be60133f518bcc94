import { hash } from 'node:crypto';
import type { LedgerReader } from '@spanledger/ledger';
import { MAX_ENTRY_BYTES, DocumentOpener } from '@spanledger/record';

import { CheckpointReach } from './checkpoint-reach.ts';
import { DocumentReader } from './documents.ts';
import type { OpeningBytesReader, OpeningsReader } from './openings.ts';
import type { DocumentText } from './search/elasticsearch/index.ts';

const LEAF_PREFIX = 0x00;

/** What a leaf hash is computed of. */
const leaf: Uint8Array = new Uint8Array(1 + MAX_ENTRY_BYTES).fill(LEAF_PREFIX, 0, 1);

/**
 * Reads the text of documents, in order, for a follower that keeps it: put together from what ledger and vault hold,
 * which is parsed only where that does not give the same.
 */
export class DocumentTexts {
  readonly #log: Pick<LedgerReader, 'range'>;
  readonly #openings: OpeningBytesReader;
  readonly #documents: DocumentReader;
  readonly #reach: CheckpointReach;
  readonly #opener: DocumentOpener = new DocumentOpener((bytes) => hash('sha256', bytes, 'base64url'));

  constructor(log: LedgerReader, openings: OpeningsReader & OpeningBytesReader) {
    this.#log = log;
    this.#openings = openings;
    this.#reach = new CheckpointReach(log);
    this.#documents = new DocumentReader(log, openings);
  }

  /**
   * @param from - first ledger index
   * @param to - ledger index just past the last, published
   * @throws ExporterError `ledger_damaged`, `vault_damaged`; LedgerError for what cannot be read
   */
  async readTexts(from: number, to: number): Promise<DocumentText[]> {
    const openings = await this.#openings.readBytes(from, to);
    const entries = await this.#log.range(from, to);
    const hashes = entries.map(hashEntry);
    const texts: DocumentText[] = [];
    for (const [i, entry] of entries.entries()) {
      const index = from + i;
      const entryHash = hashes[i] ?? '';
      const checkpointSize = this.#reach.knownSize(index) ?? (await this.#reach.size(index));
      // What its successor knows it by is what was appended: canonical, and no name in it twice.
      const isSound = isPreviousOf(entries[i + 1], entryHash);
      const json = isSound
        ? this.#opener.open(entry, openings.get(index), { hash: entryHash, checkpointSize })
        : undefined;
      texts.push({ hash: entryHash, json: json ?? (await this.#readParsed(index)) });
    }
    return texts;
  }

  async #readParsed(index: number): Promise<Uint8Array> {
    const [document] = await this.#documents.readRange(index, index + 1);
    return Buffer.from(JSON.stringify(document));
  }
}

function hashEntry(entry: Uint8Array): string {
  leaf.set(entry, 1);
  return hash('sha256', leaf.subarray(0, 1 + entry.length), 'hex');
}

/** Whether an entry names this hash as that of the entry before it. */
function isPreviousOf(entry: Uint8Array | undefined, entryHash: string): boolean {
  if (entry === undefined) return false;
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  return bytes.includes(`"previous":"${entryHash}"`, 0, 'latin1');
}
