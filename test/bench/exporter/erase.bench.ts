import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { onTestFinished, test } from 'vitest';
import { followedRecords } from '../../../packages/exporter/src/followed-records.ts';
import type { Follower } from '../../../packages/exporter/src/follower.ts';
import { FoundRecords } from '../../../packages/exporter/src/followers/found-records.ts';
import { SubjectEraser } from '../../../packages/exporter/src/followers/subject-eraser.ts';
import type { OpeningsReader } from '../../../packages/exporter/src/openings.ts';
import { Vault, VaultSealer } from '../../../packages/exporter/src/privacy/index.ts';
import { openSearchIndex } from '../../../packages/exporter/src/search/index.ts';
import { parseQuery } from '../../../packages/exporter/src/search/query/index.ts';
import { openSessions } from '../../../packages/exporter/src/sessions/index.ts';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';
import { describeMachine, median, printLines } from '../statistics.ts';
import { BENCH_KEK, BENCH_KEY } from './erase-keys.ts';
import { EraseLog } from './erase-log.ts';

/** Records; their people are as many as a hundredth of them. SPANLEDGER_BENCH_RECORDS=10000000 for ten million. */
const log = new EraseLog(Number(process.env['SPANLEDGER_BENCH_RECORDS'] ?? 1_000_000));
/** Where the log is written, or was: ten million take half an hour of a processor. Unset: in a folder that is removed. */
const KEPT = process.env['SPANLEDGER_BENCH_DIRECTORY'];
const PARTS = ['index', 'ledger', 'sessions', 'vault'] as const;
const ERASED = 3;

test('what it costs to erase one of many people', async () => {
  const directory = KEPT ?? (await mkdtemp(join(tmpdir(), 'spanledger-erase-')));
  if (KEPT === undefined) onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const built = await build(directory);
  const openings: OpeningsReader = {
    read: (from, to) => Promise.resolve(new Map(vault.openings(from, to))),
  };
  const key = BENCH_KEY;
  const records = followedRecords(openings);
  const search = openSearchIndex({ file: join(directory, 'index'), key, openings, records });
  const sessions = openSessions({ file: join(directory, 'sessions'), key, openings, records });
  const vault = new Vault({ file: join(directory, 'vault'), kek: BENCH_KEK });
  onTestFinished(() => {
    search.close();
    sessions.close();
    vault.close();
  });
  const found = new FoundRecords({
    search,
    reader: new LedgerReader(fileTiles(join(directory, 'ledger'))),
    openings,
  });
  const settling = new Map<string, Cost>();
  const eraser = new SubjectEraser({
    vault,
    sealer: new VaultSealer(vault, BENCH_KEK),
    search,
    followers: [sessions, search].map((follower) => timed(follower, settling)),
    alone: (_, run) => run(),
    found,
    records,
  });
  const lines: string[] = [];
  const people = Array.from({ length: log.people }, (_, i) => i + 1).filter(
    (person) => !vault.isErased(log.actorOf(person)),
  );
  lines.push(await searches(search, people.slice(0, 50)));
  for (const person of [...people.slice(0, ERASED), ...people.slice(-1)]) {
    const reference = log.actorOf(person);
    let names = { names: [''], addresses: [''] };
    let mentions: number[] = [];
    let count = 0;
    const steps = {
      'gather names': await measure(async () => void (names = await eraser.gather(reference))),
      'prepare index, destroy key': await measure(async () => void (await eraser.destroyKey(reference))),
      'find mentions': await measure(async () => void (mentions = await eraser.mentions(reference, names))),
      'take out': await measure(
        async () => void (count = (await eraser.erase(reference, mentions, names)).counts.records),
      ),
    };
    const query = parseQuery(`user.id:user-${person}`);
    const left = await search.candidates({ query, order: 'asc', limit: 10 });
    if (left.indexes.length > 0 || count === 0) throw new Error('the person is still found');
    lines.push(
      `${count.toLocaleString('en').padStart(8)} records of one person: ${seconds(sum(Object.values(steps)))}: ${describeCosts(Object.entries(steps))}; of which at the end ${describeCosts(settling)}`,
    );
  }
  lines.push(await searches(search, people.slice(50, 100)));
  const sizes = await Promise.all(
    ['index', 'sessions', 'vault'].map(
      async (file) => `${file} ${((await stat(join(directory, file))).size / 1e6).toFixed(0)} MB`,
    ),
  );
  printLines([
    describeMachine(),
    `${log.records.toLocaleString('en')} records of ${log.people.toLocaleString('en')} people${built}; ${sizes.join(', ')}`,
    ...lines,
  ]);
}, 7_200_000);

/** Writes all parts side by side, those that are not there. */
async function build(directory: string): Promise<string> {
  const costs = await Promise.all(
    PARTS.map(async (part) => {
      const child = new ScriptProcess(join(import.meta.dirname, 'erase-child.ts'), import.meta.dirname, {
        args: [part, directory, String(log.records)],
      });
      const { code } = await child.exited;
      if (code !== 0) throw new Error(`${part}: ${child.stderr}`);
      return `${part} ${child.stdout.trim()} s`;
    }),
  );
  return `, written with ${costs.join(', ')} of the processor`;
}

/** Has a follower say what it costs to see to it that nothing is left. */
function timed(follower: Follower, costs: Map<string, Cost>): Follower {
  return {
    ...follower,
    settleErasure: () => {
      const stop = startClock();
      follower.settleErasure?.();
      costs.set(follower.name, stop());
    },
  };
}

async function searches(
  search: Pick<ReturnType<typeof openSearchIndex>, 'candidates'>,
  people: readonly number[],
): Promise<string> {
  const durations: number[] = [];
  for (const person of people) {
    const query = parseQuery(`user.id:user-${person} and http.route:"/orders/:id"`);
    const startedMs = performance.now();
    await search.candidates({ query, order: 'desc', limit: 50 });
    durations.push(performance.now() - startedMs);
  }
  return `searches of a person's newest 50: median ${median(durations).toFixed(2)} ms`;
}

/** Time that passed, and of the processor. */
interface Cost {
  wallMs: number;
  cpuMs: number;
}

function startClock(): () => Cost {
  const startedMs = performance.now();
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  };
}

async function measure(work: () => Promise<void>): Promise<Cost> {
  const stop = startClock();
  await work();
  return stop();
}

function sum(costs: readonly Cost[]): Cost {
  return {
    wallMs: costs.reduce((total, { wallMs }) => total + wallMs, 0),
    cpuMs: costs.reduce((total, { cpuMs }) => total + cpuMs, 0),
  };
}

function describeCosts(costs: Iterable<readonly [string, Cost]>): string {
  return [...costs].map(([name, cost]) => `${name} ${seconds(cost)}`).join(', ');
}

/** Seconds that passed, and in brackets those of the processor. */
function seconds({ wallMs, cpuMs }: Cost): string {
  return `${(wallMs / 1000).toFixed(2)} (${(cpuMs / 1000).toFixed(2)}) s`;
}
