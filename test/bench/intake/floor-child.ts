import { createCipheriv, createSecretKey, hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  renameSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { crc32, createGunzip } from 'node:zlib';
import type { FloorSizes } from './floor-sizes.ts';

// What no intake of these records can do without, and nothing else: requests are received, inflated and not looked at, and as many bytes as
// their records would have are hashed, sealed, written and synced: commitments by the thread that receives, the chain, the journal and the tiles by two more.

const writeTo = promisify(write);
const sync = promisify(fdatasync);

const TILE = 256;
const LOT = 16;
const BLOCK = 4096;
const PIECE = 1024 * 1024;
const MAX_UNDER_WAY = 4;

/** As much of WebAssembly as is needed here; the types that Node comes with have none of it. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

interface Task {
  purpose: 'journal' | 'tiles';
  sizes: FloorSizes;
}

const task: Task | undefined = isMainThread ? undefined : workerData;
const sizes: FloorSizes = task?.sizes ?? JSON.parse(process.argv[2] ?? '{}');
const { directory, entryBytes, openingBytes, groupBytes } = sizes;

if (task === undefined) serve();
else if (task.purpose === 'journal') runJournal();
else runTiles();

function serve(): void {
  const spans = Number(process.argv[3]);
  const groups = groupBytes.map((length) => Buffer.alloc(length));
  const start = (purpose: Task['purpose']): Worker =>
    new Worker(new URL(import.meta.url), { workerData: { purpose, sizes } });
  const [journal, tiles] = [start('journal'), start('tiles')];
  let open: { spans: number; responses: ServerResponse[] } = { spans: 0, responses: [] };
  const underWay: (typeof open)[] = [];
  const send = (): void => {
    if (open.spans === 0 || underWay.length >= MAX_UNDER_WAY) return;
    journal.postMessage(open.spans);
    underWay.push(open);
    open = { spans: 0, responses: [] };
  };
  journal.on('message', () => {
    const group = underWay.shift();
    for (const response of group?.responses ?? []) response.end();
    tiles.postMessage(group?.spans);
    send();
  });
  const server = createServer((request, response) => {
    const isCompressed = request.headers['content-encoding'] === 'gzip';
    const body = isCompressed ? request.pipe(createGunzip({ chunkSize: PIECE })) : request;
    body.on('data', () => undefined);
    body.on('end', () => {
      for (let span = 0; span < spans; span++) {
        for (const group of groups) hash('sha256', group, 'base64url');
      }
      open.spans += spans;
      open.responses.push(response);
      setImmediate(send);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens nowhere');
    process.stdout.write(`"url":"http://127.0.0.1:${address.port}"\n`);
  });
}

function runJournal(): void {
  const key = createSecretKey(randomBytes(32));
  const fd = openDirect('journal');
  const bytes = alignedBytes(PIECE);
  const entry = bytes.subarray(0, entryBytes);
  let last: Promise<void> = Promise.resolve();
  let position = 0;
  parentPort?.on('message', (spans: number) => {
    for (let span = 0; span < spans; span++) {
      hash('sha256', entry, 'hex');
    }
    const cipher = createCipheriv('aes-256-gcm', key, randomBytes(12));
    inPieces(spans * openingBytes, (length) => cipher.update(bytes.subarray(0, length)));
    cipher.final();
    let checksum = 0;
    const frame = spans * (entryBytes + openingBytes);
    inPieces(frame, (length) => (checksum = crc32(bytes.subarray(0, length), checksum)));
    // The next group is hashed while this one is written and synced.
    const begin = position;
    position += aligned(frame);
    const written = writeAndSync(fd, bytes, begin, frame);
    last = last.then(async () => {
      await written;
      parentPort?.postMessage(checksum);
    });
  });
}

async function writeAndSync(fd: number, bytes: Buffer, position: number, sizeBytes: number): Promise<void> {
  const pieces: Promise<unknown>[] = [];
  let at = position;
  inPieces(sizeBytes, (length) => {
    pieces.push(writeTo(fd, bytes, 0, aligned(length), at));
    at += aligned(length);
  });
  await Promise.all(pieces);
  await sync(fd);
}

function runTiles(): void {
  const bytes = alignedBytes(aligned(TILE * entryBytes));
  let waiting = 0;
  let count = 0;
  parentPort?.on('message', (spans: number) => {
    waiting += spans;
    while (waiting >= LOT * TILE) {
      waiting -= LOT * TILE;
      const folder = join(directory, `tiles-${Math.floor(count / 256)}`);
      mkdirSync(folder, { recursive: true });
      const files = Array.from({ length: LOT }, () => {
        const name = `staged-${count++}`;
        const fd = openDirect(name);
        writeSync(fd, bytes, 0, bytes.length);
        return { name, fd };
      });
      for (const { name, fd } of files) {
        fdatasyncSync(fd);
        closeSync(fd);
        renameSync(join(directory, name), join(folder, name));
      }
    }
  });
}

/** A file whose writes go past the cache, as those of the ledger do. */
function openDirect(name: string): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_DIRECT } = constants;
  return openSync(join(directory, name), O_WRONLY | O_CREAT | O_EXCL | O_DIRECT);
}

function alignedBytes(sizeBytes: number): Buffer {
  const pages = Math.ceil(sizeBytes / 65_536);
  return Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer)
    .subarray(0, sizeBytes)
    .fill(97);
}

function aligned(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK) * BLOCK;
}

function inPieces(sizeBytes: number, use: (length: number) => unknown): void {
  for (let left = sizeBytes; left > 0; left -= PIECE) use(Math.min(left, PIECE));
}
