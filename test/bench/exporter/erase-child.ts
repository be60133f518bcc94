import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeEntryBundle, entryBundlePath, formatCheckpoint, formatNote } from '@spanledger/ledger/verify';
import { Vault } from '../../../packages/exporter/src/privacy/index.ts';
import { openEmbeddedIndex } from '../../../packages/exporter/src/search/index.ts';
import { openSessions } from '../../../packages/exporter/src/sessions/index.ts';
import { BENCH_KEK, BENCH_KEY } from './erase-keys.ts';
import { EraseLog } from './erase-log.ts';

// Writes one part of what an erasure touches, by the code of the product: the parts are written side by side. One that was
// ended goes on where it was.
const [, , part, directory, records] = process.argv;
if (directory === undefined) throw new TypeError('no directory');
const BATCH = 16_384;
const log = new EraseLog(Number(records));

/** Ledger indexes, some at a time. */
function* batches(size: number, first = 0): Generator<number[]> {
  for (let from = first; from < log.records; from += size) {
    yield Array.from({ length: Math.min(size, log.records - from) }, (_, i) => from + i);
  }
}

async function writeLedger(root: string): Promise<void> {
  if (existsSync(join(root, 'checkpoint'))) return;
  const made = new Set<string>();
  for (const indexes of batches(256)) {
    const path = join(root, entryBundlePath((indexes[0] ?? 0) / 256, indexes.length));
    if (!made.has(dirname(path))) await mkdir(dirname(path), { recursive: true });
    made.add(dirname(path));
    const entries = indexes.map((index) => Buffer.from(JSON.stringify(log.recordOf(index))));
    await writeFile(path, encodeEntryBundle(entries));
  }
  const text = formatCheckpoint({ origin: 'bench', size: log.records, root: new Uint8Array(32) });
  const signature = { name: 'bench', keyId: 1, signature: new Uint8Array(64) };
  await writeFile(join(root, 'checkpoint'), formatNote(text, [signature]));
}

async function writeIndex(file: string): Promise<void> {
  const driver = openEmbeddedIndex({ file, key: BENCH_KEY });
  for (const indexes of batches(BATCH, driver.position())) {
    await driver.add(
      indexes.map((index) => ({ index, document: log.recordOf(index), openings: log.openingsOf(index) })),
      (indexes.at(-1) ?? 0) + 1,
    );
  }
  driver.close();
}

async function writeVault(file: string): Promise<void> {
  const vault = new Vault({ file, kek: BENCH_KEK });
  for (const indexes of batches(BATCH, vault.sealedTo)) {
    vault.begin();
    const owned = Map.groupBy(indexes, (index) => log.personOf(index));
    vault.putOpenings(
      [...owned].map(([person, own]) => ({
        owner: vault.scopeKey(log.actorOf(person)),
        entries: own.map((index): [number, Uint8Array] => [
          index,
          Buffer.from(JSON.stringify(log.openingsOf(index))),
        ]),
      })),
    );
    vault.commit((indexes.at(-1) ?? 0) + 1, undefined);
  }
  vault.close();
}

async function writeSessions(file: string): Promise<void> {
  let batch: number[] = [];
  const sessions = openSessions({
    file,
    key: BENCH_KEY,
    openings: { read: () => Promise.resolve(new Map()) },
    records: {
      read: () =>
        Promise.resolve(
          batch.map((index) => ({ index, record: log.recordOf(index), openings: log.openingsOf(index) })),
        ),
      forget: () => undefined,
    },
  });
  for (batch of batches(BATCH, sessions.position())) {
    await sessions.process({ first: batch[0] ?? 0, entries: batch.map(() => new Uint8Array()) });
  }
  sessions.close();
}

const write = { ledger: writeLedger, index: writeIndex, vault: writeVault, sessions: writeSessions };
if (part !== 'ledger' && part !== 'index' && part !== 'vault' && part !== 'sessions') {
  throw new TypeError('no such part');
}
await write[part](join(directory, part));
const { user, system } = process.cpuUsage();
console.log(((user + system) / 1e6).toFixed(0));
