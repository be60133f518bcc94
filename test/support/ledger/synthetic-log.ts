import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateSigner, type NoteSigner } from '@spanledger/ledger';
import {
  entryBundlePath,
  formatCheckpoint,
  TileBuilder,
  tilePath,
  type Tile,
} from '@spanledger/ledger/verify';

/** What a {@link writeSyntheticLog} is made of. */
export interface SyntheticLogOptions {
  /** Is made; holds the log's files directly, not in `ledger/`. */
  directory: string;
  /** How many entries. */
  size: number;
  /** How many producers take turns; each numbers its records from 1. 50 if not given. */
  producers?: number;
  /** The log's name. */
  origin?: string;
  /** The history has a checkpoint each time the log has grown by this many entries; one at its end if not given. */
  checkpointEvery?: number;
  /** Gives every so manieth record the number that its producer gave the one before; never if not given. */
  repeatEvery?: number;
}

/** A log that was written by {@link writeSyntheticLog}. */
export interface SyntheticLog {
  /** The log's verification key. */
  vkey: string;
  /** Signs as the log. */
  signer: NoteSigner;
  /** Bytes of all entries, without their lengths in the bundles. */
  entryBytes: number;
}

/** The most notes of a history file. */
const MAX_HISTORY_NOTES = 1024;

const BUNDLE_ROOM_BYTES = 512 * 1024;

/**
 * Writes a whole log at once, as the service would leave it with one checkpoint: tens of times faster than appending,
 * for tests and benchmarks that need millions of entries. Entries have about 700 bytes and the shape of a real record
 * of a request. The same options give the same entries.
 */
export function writeSyntheticLog({
  directory,
  size,
  producers = 50,
  origin = 'example.com/synthetic',
  checkpointEvery = size,
  repeatEvery = Number.POSITIVE_INFINITY,
}: SyntheticLogOptions): SyntheticLog {
  const signer = generateSigner(origin);
  const builder = new TileBuilder();
  const bundle = Buffer.alloc(BUNDLE_ROOM_BYTES);
  const written = new Set<string>();
  const write = (path: string, bytes: Uint8Array | string): void => {
    const file = join(directory, path);
    const folder = dirname(file);
    if (!written.has(folder)) mkdirSync(folder, { recursive: true });
    written.add(folder);
    writeFileSync(file, bytes);
  };
  const writeTile = ({ level, index, width, hashes }: Tile): void =>
    write(tilePath(level, index, width), hashes);

  const history: { size: number; note: string }[] = [];
  let previous = '';
  let length = 0;
  let entryBytes = 0;
  for (let index = 0; index < size; index++) {
    const start = length + 2;
    const end =
      start + bundle.write(recordText({ index, previous, producers, origin, repeatEvery }), start, 'latin1');
    bundle[start - 1] = 0;
    previous = hash('sha256', bundle.subarray(start - 1, end), 'hex');
    bundle.writeUInt16BE(end - start, length);
    entryBytes += end - start;
    length = end;
    builder.append(Buffer.from(previous, 'hex'), writeTile);
    if ((index + 1) % checkpointEvery === 0 && index + 1 < size) {
      const reached = { origin, size: index + 1, root: builder.root };
      history.push({ size: index + 1, note: signer.signNote(formatCheckpoint(reached)) });
    }
    const width = (index % 256) + 1;
    if (width < 256 && index + 1 < size) continue;
    write(entryBundlePath(Math.floor(index / 256), width), bundle.subarray(0, length));
    length = 0;
  }
  for (const tile of builder.partialTiles()) writeTile(tile);
  const note = signer.signNote(formatCheckpoint({ origin, size, root: builder.root }));
  history.push({ size, note });
  const names: string[] = [];
  for (let at = 0; at < history.length; at += MAX_HISTORY_NOTES) {
    const notes = history.slice(at, at + MAX_HISTORY_NOTES);
    const name = String(notes[0]?.size).padStart(20, '0');
    write(`checkpoints/${name}`, notes.map((published) => published.note).join(''));
    names.push(`${name}\n`);
  }
  write('checkpoints/index', names.join(''));
  write('checkpoint', note);
  return { vkey: signer.vkey, signer, entryBytes };
}

interface RecordSketch extends Required<Pick<SyntheticLogOptions, 'producers' | 'origin' | 'repeatEvery'>> {
  index: number;
  previous: string;
}

/** A record's canonical text, ASCII. */
function recordText({ index, previous, producers, origin, repeatEvery }: RecordSketch): string {
  const producer = index % producers;
  const isRepeat = index > producers && index % repeatEvery === 0;
  const number = Math.floor(index / producers) + (isRepeat ? 0 : 1);
  const stream = hex(producer + 1, 32);
  const trace = hex(index * 7919 + 13, 32);
  const span = hex(index * 104_729 + 7, 16);
  const link = previous === '' ? '' : `,"previous":"${previous}"`;
  const item = index % 977;
  return (
    `{"@timestamp":"2026-11-21T10:00:${String(index % 60).padStart(2, '0')}.${String(index % 1_000_000_000).padStart(9, '0')}Z",` +
    `"audit":{"action":"READ","actor":{"id":"${hex(item + 3, 22)}","type":"user"},` +
    `"ledger":{"index":${index},"origin":"${origin}"${link}},"outcome":"success",` +
    `"record":{"id":"${trace}-${span}-${stream}"},"schema":{"version":"1.0.0"},` +
    `"sequence":{"number":${number},"stream_id":"${stream}"}},"ecs":{"version":"9.1.0"},` +
    `"event":{"action":"GET /orders/{id}","category":["api","web"],"dataset":"spanledger.audit","duration":${250_000 + item},` +
    `"kind":"event","outcome":"success","type":["access","allowed"]},"service":{"name":"shop"}}`
  );
}

/** Digits that look drawn and are the same every time. */
function hex(seed: number, digits: number): string {
  let text = '';
  for (let state = seed >>> 0 || 1; text.length < digits;) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    text += (state >>> 0).toString(16).padStart(8, '0');
  }
  return text.slice(0, digits);
}
