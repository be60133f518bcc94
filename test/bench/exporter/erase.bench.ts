import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord, JsonObject, Openings } from '@spanledger/record';
import { onTestFinished, test } from 'vitest';
import { SubjectEraser } from '../../../packages/exporter/src/followers/subject-eraser.ts';
import { Vault, VaultSealer } from '../../../packages/exporter/src/privacy/index.ts';
import { openEmbeddedIndex, type SearchIndex } from '../../../packages/exporter/src/search/index.ts';
import { describeMachine, printLines } from '../statistics.ts';

/** Records; their people are as many as a hundredth of them. SPANLEDGER_BENCH_RECORDS=10000000 for ten million. */
const RECORDS = Number(process.env['SPANLEDGER_BENCH_RECORDS'] ?? 1_000_000);
const PEOPLE = Math.max(100, RECORDS / 100);
/** Of one person in ten thousand. */
const MANY = 10_000;
const BATCH = 16_384;
const KEY = new Uint8Array(32).fill(3);
const kek = createSecretKey(randomBytes(32));

/** Whose the record of an index is: of everybody in turn, and the last ones before the middle of one person alone. */
function personOf(index: number): number {
  const middle = Math.floor(RECORDS / 2);
  return index >= middle && index < middle + MANY ? PEOPLE : index % PEOPLE;
}

/** A reference looks like one of the service's, and is made from a number. */
function referenceOf(kind: string, person: number): string {
  return `${kind}${person}`.padEnd(22, '_');
}

function recordOf(index: number): AuditRecord & JsonObject {
  const person = personOf(index);
  return {
    '@timestamp': `${new Date(1_700_000_000_000 + index * 100).toISOString().slice(0, -1)}000000Z`,
    audit: {
      action: 'READ',
      actor: { id: referenceOf('actor', person), type: 'user' },
      commitments: { identity: 'x', network: 'y' },
      ledger: { index, origin: 'bench' },
      outcome: 'success',
      record: { id: `record-${index}` },
      schema: { version: '1.0.0' },
      session: { id: referenceOf('session', person) },
    },
    ecs: { version: '9.1.0' },
    event: {
      action: 'GET /orders/:id',
      category: ['api'],
      dataset: 'spanledger.audit',
      kind: 'event',
      module: 'spanledger',
      outcome: 'success',
      type: ['access'],
    },
    http: { request: { method: 'GET' }, response: { status_code: 200 }, route: '/orders/:id' },
    oidc: { client_id: 'shop', issuer: 'https://id.example' },
    service: { name: 'shop' },
    span: { id: `span-${index}`, kind: 'server' },
    trace: { id: `trace-${Math.floor(index / 3)}` },
  };
}

function openingsOf(index: number): Openings {
  const person = personOf(index);
  return {
    identity: {
      salt: 'AAAAAAAAAAAAAAAAAAAAAA',
      value: { user: { id: `user-${person}`, name: `Name${person} Family${person % 1000}` } },
    },
    network: {
      salt: 'AAAAAAAAAAAAAAAAAAAAAA',
      value: { client: { address: `10.${(person >> 16) & 255}.${(person >> 8) & 255}.${person & 255}` } },
    },
  };
}

test('what it costs to erase one of many people', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-erase-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const files = { index: join(directory, 'index.db'), vault: join(directory, 'vault.db') };
  const driver = openEmbeddedIndex({ file: files.index, key: KEY });
  const vault = new Vault({ file: files.vault, kek });
  onTestFinished(() => {
    driver.close();
    vault.close();
  });
  const built = await measure(async () => {
    for (let from = 0; from < RECORDS; from += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, RECORDS - from) }, (_, i) => from + i);
      await driver.add(
        indexes.map((index) => ({ index, document: recordOf(index), openings: openingsOf(index) })),
        from + indexes.length,
      );
      vault.begin();
      const owned = Map.groupBy(indexes, personOf);
      vault.putOpenings(
        [...owned].map(([person, own]) => ({
          owner: vault.scopeKey(referenceOf('actor', person)),
          entries: own.map((index): [number, Uint8Array] => [
            index,
            Buffer.from(JSON.stringify(openingsOf(index))),
          ]),
        })),
      );
      vault.commit(from + indexes.length, undefined);
    }
  });
  let settling: Cost = { wallMs: 0, cpuMs: 0 };
  const search: SearchIndex = {
    name: 'index',
    position: () => driver.position(),
    candidates: (request) => driver.candidates(request),
    tally: (request) => driver.tally(request),
    process: () => Promise.resolve(),
    close: () => undefined,
    erase: ({ records }) =>
      driver.add(
        records.map(({ index, record }) => ({ index, document: record })),
        driver.position(),
      ),
    settleErasure: () => {
      const startedMs = performance.now();
      const before = process.threadCpuUsage();
      driver.settle();
      const { user, system } = process.threadCpuUsage(before);
      settling = { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
    },
  };
  const eraser = new SubjectEraser({
    vault,
    sealer: new VaultSealer(vault, kek),
    search,
    followers: [search],
    alone: (_, run) => run(),
    reader: { entry: (index) => Promise.resolve(Buffer.from(JSON.stringify(recordOf(index)))) },
    openings: {
      read: (from, to) => Promise.resolve(new Map(vault.openings(from, to))),
    },
    records: { forget: () => undefined },
  });
  const lines: string[] = [];
  for (const person of [1, 2, PEOPLE]) {
    const reference = referenceOf('actor', person);
    let names = { names: [''], addresses: [''] };
    let mentions: number[] = [];
    let records = 0;
    const gather = await measure(async () => void (names = await eraser.gather(reference)));
    const key = await measure(async () => void eraser.destroyKey(reference));
    const naming = await measure(async () => void (mentions = await eraser.mentions(reference, names)));
    const taking = await measure(
      async () => void (records = (await eraser.erase(reference, mentions, names)).counts.records),
    );
    const left = await driver.candidates({
      query: { type: 'equals', field: 'user.id', value: `user-${person}` },
      order: 'asc',
      limit: 10,
    });
    if (left.indexes.length > 0 || records === 0) throw new Error('the person is still found');
    const steps = { gather, key, mentions: naming, 'take out': taking, settle: settling };
    lines.push(
      `${records.toLocaleString('en').padStart(8)} records of one person: ${seconds(sum([gather, key, naming, taking]))}, of which ${Object.entries(
        steps,
      )
        .map(([name, ms]) => `${name} ${seconds(ms)}`)
        .join(', ')}`,
    );
  }
  const sizes = await Promise.all(
    Object.values(files).map(async (file) => (await stat(file)).size / 1_000_000),
  );
  printLines([
    describeMachine(),
    `${RECORDS.toLocaleString('en')} records of ${PEOPLE.toLocaleString('en')} people, built in ${seconds(built)}; index ${sizes[0]?.toFixed(0)} MB, vault ${sizes[1]?.toFixed(0)} MB`,
    ...lines,
  ]);
}, 3_600_000);

/** Time that passed, and of the processor. */
interface Cost {
  wallMs: number;
  cpuMs: number;
}

async function measure(work: () => Promise<void>): Promise<Cost> {
  const startedMs = performance.now();
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
}

function sum(costs: readonly Cost[]): Cost {
  return {
    wallMs: costs.reduce((total, { wallMs }) => total + wallMs, 0),
    cpuMs: costs.reduce((total, { cpuMs }) => total + cpuMs, 0),
  };
}

/** Seconds that passed, and in brackets those of the processor. */
function seconds({ wallMs, cpuMs }: Cost): string {
  return `${(wallMs / 1000).toFixed(2)} (${(cpuMs / 1000).toFixed(2)}) s`;
}
