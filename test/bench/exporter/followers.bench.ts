import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@spanledger/audit-exporter';
import { openJournalReader } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { Closers } from '../../../packages/exporter/src/closers.ts';
import { followCompleteness } from '../../../packages/exporter/src/completeness/index.ts';
import { type FollowedRecords, followedRecords } from '../../../packages/exporter/src/followed-records.ts';
import type { Follower } from '../../../packages/exporter/src/follower.ts';
import { openAlertFollower } from '../../../packages/exporter/src/followers/alerts.ts';
import { openLedgerAndVault } from '../../../packages/exporter/src/ledger-and-vault.ts';
import {
  createRowSealer,
  fileEpochKeys,
  loadKek,
  openStoredOpenings,
  sealSegment,
  Vault,
  VaultSealer,
} from '../../../packages/exporter/src/privacy/index.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';
import { openSearchIndex } from '../../../packages/exporter/src/search/index.ts';
import { openSessions } from '../../../packages/exporter/src/sessions/index.ts';
import { backgroundRequest } from '../../support/exporter/background-load.ts';
import { takeIn } from '../../support/exporter/direct-intake.ts';
import { describeMachine, median, printLines } from '../statistics.ts';

const ROUNDS = 3;
const RECORDS = 60_000;
/** What half a second brings at 5,000 records/s: of 2,000 people each is hardly there twice. */
const BATCH = 2_500;
const PEOPLE = 2_000;
const SPANS_PER_REQUEST = 250;

/** As time passes at 5,000 records/s. */
function* requests(): Generator<Uint8Array> {
  const nowMs = Date.now();
  for (let sent = 0; sent < RECORDS; sent += SPANS_PER_REQUEST) {
    yield backgroundRequest(sent, SPANS_PER_REQUEST, PEOPLE, nowMs - (RECORDS - sent) / 5);
  }
}

/** Processor time of this thread, microseconds a record. */
async function cost(work: () => Promise<unknown> | void): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / RECORDS;
}

test('what each follower costs, and at which rate it keeps up', { timeout: 300_000 }, async () => {
  const machine = describeMachine();
  const root = await mkdtemp(join(tmpdir(), 'spanledger-bench-'));
  const closers = new Closers();
  const config = loadConfig({ directory: root, env: {}, flags: { dataDirectory: root } });
  const { paths, ledger, reader, references, keys } = await openLedgerAndVault(
    config,
    createLog({ level: 'fatal', format: 'json' }),
    closers,
  );
  await takeIn({ ledger, references }, requests());
  await ledger.journal.rotate();

  const kek = await loadKek(paths.kekFile, keys.brought, false);
  const journal = await openJournalReader({
    directory: paths.root,
    epochKeys: fileEpochKeys(paths.epochKeys, kek),
  });
  const openings = await openStoredOpenings(paths, keys.brought);
  const log = { origin: ledger.origin, size: 0 };
  const key = keys.index;
  const figures = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    const folder = join(root, `round-${round}`);
    const records: FollowedRecords = followedRecords(openings);
    const file = (name: string): string => join(folder, name, `${name}.db`);
    const own = { ...paths, alertsFile: file('alerts') };
    const alerts = openAlertFollower({
      config: config.alerts,
      paths: own,
      key,
      reader,
      records,
      openings,
      log,
    });
    const followers: Follower[] = [
      ...(alerts === undefined ? [] : [alerts]),
      openSessions({
        file: file('sessions'),
        key,
        openings,
        records,
        log,
        deriving: { config: config.sessions, sealer: createRowSealer(key, 'sessions') },
      }),
      followCompleteness({
        file: file('completeness'),
        key,
        records,
        sealer: createRowSealer(key, 'completeness outbox'),
        log,
        ...config.completeness,
      }),
      openSearchIndex({ file: file('index'), key, openings, records, log }),
    ];
    const costs = new Map<string, number>();
    const add = (name: string, microseconds: number): void => {
      costs.set(name, (costs.get(name) ?? 0) + microseconds);
    };
    for (let first = 0; first < RECORDS; first += BATCH) {
      let entries: Uint8Array[] = [];
      add(
        'read, open and parse (once for all)',
        await cost(async () => {
          entries = await reader.range(first, first + BATCH);
          await records.read({ first, entries });
        }),
      );
      for (const follower of followers) {
        add(follower.name, await cost(() => follower.process({ first, entries })));
        expect(follower.position()).toBe(first + BATCH);
      }
    }
    for (const follower of followers) follower.close();
    const vault = new Vault({ file: join(folder, 'vault.db'), kek });
    const sealer = new VaultSealer(vault, keys.reference);
    for (const { name, end } of journal.segments()) {
      add('vault', await cost(() => sealSegment({ journal, vault, sealer, segment: name, end })));
    }
    expect(vault.sealedTo).toBe(RECORDS);
    vault.close();
    for (const [name, microseconds] of costs) {
      figures.set(name, [...(figures.get(name) ?? []), microseconds]);
    }
  }
  openings.close();
  await closers.close();
  await rm(root, { recursive: true, force: true });
  const shared = median(figures.get('read, open and parse (once for all)') ?? []);
  let sum = 0;
  printLines([
    machine,
    `${RECORDS} records of ${PEOPLE} people, ${BATCH} at a time; processor time of one thread, medians of ${ROUNDS} rounds`,
    ...[...figures].map(([name, rounds]) => {
      const microseconds = median(rounds);
      sum += microseconds;
      const alone = name === 'vault' || microseconds === shared ? microseconds : microseconds + shared;
      return `${name}: ${microseconds.toFixed(1)} us a record; alone it keeps up with ${Math.round(1e6 / alone)} records/s`;
    }),
    `together: ${sum.toFixed(1)} us a record; one thread keeps up with ${Math.round(1e6 / sum)} records/s`,
  ]);
});
