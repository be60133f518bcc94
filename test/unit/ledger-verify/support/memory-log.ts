import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  computeKeyId,
  CompactRange,
  encodeEntryBundle,
  entryBundlePath,
  formatCheckpoint,
  formatNote,
  formatVerificationKey,
  hashLeaf,
  TileBuilder,
  tilePath,
  type TileSource,
} from '@spanledger/ledger/verify';
import { encodeCanonical, type JsonObject } from '@spanledger/record';

export const ORIGIN = 'ledger.example/audit';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const rawKey = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));

/** The verification key of every log that is made here. */
export const VKEY = formatVerificationKey({ name: ORIGIN, publicKey: rawKey });

/** A log's files in memory. */
export interface MemoryLog {
  files: Map<string, Uint8Array>;
  size: number;
}

/** Signs a checkpoint with the key of {@link VKEY}, or with another one under the same name. */
export function signCheckpoint(
  { size, root, origin = ORIGIN }: { size: number; root: Uint8Array; origin?: string },
  key: KeyObject = privateKey,
): string {
  const text = formatCheckpoint({ origin, size, root });
  const signature = new Uint8Array(sign(null, Buffer.from(text), key));
  return formatNote(text, [{ name: ORIGIN, keyId: computeKeyId(ORIGIN, rawKey), signature }]);
}

/** A record in the shape of an audit record; `previous` is the hex hash of the one before. */
export function makeRecord(index: number, previous: string | undefined, sequence = index + 1): JsonObject {
  return {
    '@timestamp': '2026-11-21T22:00:00.000000000Z',
    audit: {
      action: 'READ',
      actor: { id: 'u-4f1c', type: 'user' },
      ledger: { index, origin: ORIGIN, ...(previous === undefined ? {} : { previous }) },
      outcome: 'success',
      record: { id: `trace-span${index}-stream` },
      schema: { version: '1.0.0' },
      sequence: { number: sequence, stream_id: 'stream' },
    },
    event: { action: 'GET /orders', dataset: 'spanledger.audit', kind: 'event' },
  };
}

/** Entries 0 to size - 1 of a well-chained log; `change` may add to a record. */
export function makeEntries(
  size: number,
  sequenceOf?: (index: number) => number,
  change: (record: JsonObject, index: number) => JsonObject = (record) => record,
): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let previous: string | undefined;
  for (let index = 0; index < size; index++) {
    const entry = encodeCanonical(change(makeRecord(index, previous, sequenceOf?.(index)), index));
    entries.push(entry);
    previous = Buffer.from(hashLeaf(entry)).toString('hex');
  }
  return entries;
}

/** Publishes entries, whatever they are, as a log that is consistent in itself and signed. */
export function publish(entries: readonly Uint8Array[]): MemoryLog {
  const files = new Map<string, Uint8Array>();
  const builder = new TileBuilder();
  for (const entry of entries) {
    builder.append(hashLeaf(entry), ({ level, index, hashes }) => files.set(tilePath(level, index), hashes));
  }
  for (const { level, index, width, hashes } of builder.partialTiles())
    files.set(tilePath(level, index, width), hashes);
  for (let at = 0; at < entries.length; at += 256) {
    const bundle = entries.slice(at, at + 256);
    files.set(entryBundlePath(at / 256, bundle.length), encodeEntryBundle(bundle));
  }
  files.set('checkpoint', Buffer.from(signCheckpoint({ size: entries.length, root: builder.root })));
  return { files, size: entries.length };
}

/** {@link publish}, with a history that holds the checkpoint. */
export function publishWithHistory(entries: readonly Uint8Array[]): MemoryLog {
  const log = publish(entries);
  addHistory(log, entries, [entries.length]);
  return log;
}

/** The root of the tree over some entries. */
export function rootOf(entries: readonly Uint8Array[]): Uint8Array {
  const range = new CompactRange();
  for (const entry of entries) range.append(hashLeaf(entry));
  return range.root;
}

/** The files as a source. */
export function sourceOf({ files }: MemoryLog): TileSource {
  return { read: (path) => Promise.resolve(files.get(path)) };
}

/** A copy of a log that can be tampered with. */
export function copyLog({ files, size }: MemoryLog): MemoryLog {
  return { files: new Map([...files].map(([path, bytes]) => [path, new Uint8Array(bytes)])), size };
}

/** Changes a file by replacing it with what a function makes of it. */
export function edit(log: MemoryLog, path: string, change: (bytes: Uint8Array) => Uint8Array | void): void {
  const bytes = log.files.get(path);
  if (bytes === undefined) throw new TypeError(`no file ${path}`);
  log.files.set(path, change(bytes) ?? bytes);
}

/** Gives a log a history of checkpoints at some sizes, `perFile` to a file. */
export function addHistory(
  log: MemoryLog,
  entries: readonly Uint8Array[],
  sizes: readonly number[],
  perFile = 4,
): void {
  let index = '';
  for (let at = 0; at < sizes.length; at += perFile) {
    const inFile = sizes.slice(at, at + perFile);
    const notes = inFile.map((size) => signCheckpoint({ size, root: rootOf(entries.slice(0, size)) }));
    const name = String(inFile[0]).padStart(20, '0');
    log.files.set(`checkpoints/${name}`, Buffer.from(notes.join('')));
    index += `${name}\n`;
  }
  log.files.set('checkpoints/index', Buffer.from(index));
}
