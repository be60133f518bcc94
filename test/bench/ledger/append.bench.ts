import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { goProgram } from '../../support/go/go-program.ts';
import { describeMachine, median, printLines } from '../statistics.ts';
import { parseSide, type Side } from './side.ts';

const run = promisify(execFile);

const ENTRY_BYTES = 700;
/** What the journal adds to an entry of this benchmark: its length and its opening's, and the opening itself. */
const ENTRY_EXTRA_BYTES = 29;
/** What the journal adds to a group. */
const FRAME_EXTRA_BYTES = 64;
const WARM_UP_MS = 500;

/** How callers are measured: one round of one side takes `measuredMs`. */
interface Plan {
  rounds: number;
  measuredMs: number;
}

let tessera: string;

beforeAll(async () => {
  tessera = await goProgram('append-log');
});

/** Runs one side in a process and a directory of its own; it answers with a line of JSON. */
async function runSide(command: (directory: string) => [file: string, ...args: string[]]): Promise<Side> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-append-'));
  try {
    const [file, ...args] = command(join(directory, 'side'));
    const { stdout } = await run(file, args);
    return parseSide(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function runOurs(callers: number, { measuredMs }: Plan): Promise<Side> {
  const numbers = [callers, ENTRY_BYTES, WARM_UP_MS, measuredMs].map(String);
  return runSide((directory) => [process.execPath, script('append-child.ts'), directory, ...numbers]);
}

function runTessera(callers: number, { measuredMs }: Plan): Promise<Side> {
  return runSide((directory) => [
    tessera,
    `-directory=${directory}`,
    `-callers=${callers}`,
    `-entry-bytes=${ENTRY_BYTES}`,
    // A batch for all who wait, and 10 ms: of what was tried, it is fastest with these.
    `-batch=${callers}`,
    '-age=10ms',
    `-warm-up=${WARM_UP_MS}ms`,
    `-measured=${measuredMs}ms`,
  ]);
}

function runRaw(entries: number, mode: 'extend' | 'overwrite', { measuredMs }: Plan): Promise<Side> {
  const bytes = entries * (ENTRY_BYTES + ENTRY_EXTRA_BYTES) + FRAME_EXTRA_BYTES;
  const args = [String(bytes), mode, String(WARM_UP_MS), String(measuredMs)];
  return runSide((file) => [process.execPath, script('raw-child.ts'), file, ...args]);
}

function script(name: string): string {
  return join(import.meta.dirname, name);
}

/** Runs all sides in turn, round after round, the order changing; the first round is not counted. */
async function alternate({ rounds }: Plan, sides: readonly (() => Promise<Side>)[]): Promise<Side[][]> {
  const results: Side[][] = sides.map(() => []);
  const order = [...sides.entries()];
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of order) {
      const result = await side();
      if (round > 0) results[i]?.push(result);
    }
    order.reverse();
  }
  return results;
}

function medianOf(sides: readonly Side[] = [], figure: keyof Side): number {
  return median(sides.map((side) => side[figure]));
}

function describeSide(name: string, sides: readonly Side[] = [], scale = 1): string {
  const rates = sides.map(({ perSecond }) => Math.round(perSecond * scale));
  const [p50, p99] = [medianOf(sides, 'p50Ms'), medianOf(sides, 'p99Ms')];
  return `${name} median ${Math.round(medianOf(sides, 'perSecond') * scale)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms  (${rates.join(', ')})`;
}

test.each([256, 1024])('%i callers, one entry a call', async (callers) => {
  const plan: Plan = { rounds: 5, measuredMs: 2000 };
  const before = describeMachine();
  const [ours, peer, raw] = await alternate(plan, [
    () => runOurs(callers, plan),
    () => runTessera(callers, plan),
    () => runRaw(callers, 'extend', plan),
  ]);
  const times = medianOf(ours, 'perSecond') / medianOf(peer, 'perSecond');
  printLines([
    before,
    `${callers} callers, one entry of ${ENTRY_BYTES} bytes a call; ${plan.rounds} rounds of ${plan.measuredMs} ms, alternating`,
    describeSide('ours, awaiting durable:              ', ours),
    describeSide('Tessera POSIX, awaiting integration: ', peer),
    describeSide('write and fdatasync of as many bytes:', raw, callers),
    `${times.toFixed(2)} times Tessera's rate`,
  ]);
  expect(ours).toHaveLength(plan.rounds);
});

test('one caller', async () => {
  const plan: Plan = { rounds: 15, measuredMs: 500 };
  const before = describeMachine();
  const [ours, extend, overwrite] = await alternate(plan, [
    () => runOurs(1, plan),
    () => runRaw(1, 'extend', plan),
    () => runRaw(1, 'overwrite', plan),
  ]);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const share = (peer: Side[] = []): string => {
    // The disk is faster in one round than in the next: sides of one round are nearer to each other than medians are.
    const rounds = peer.map(({ perSecond }, round) => (ours?.[round]?.perSecond ?? 0) / perSecond);
    const ofMedians = medianOf(ours, 'perSecond') / medianOf(peer, 'perSecond');
    return `${percent(ofMedians)} (round by round ${percent(median(rounds))})`;
  };
  printLines([
    before,
    `one caller, one entry of ${ENTRY_BYTES} bytes a call; ${plan.rounds} rounds of ${plan.measuredMs} ms, alternating`,
    describeSide('ours, awaiting durable:                   ', ours),
    describeSide('write and fdatasync, the file grows:      ', extend),
    describeSide('write and fdatasync, its blocks are there:', overwrite),
    `${share(extend)} of the one, ${share(overwrite)} of the other`,
  ]);
  expect(ours).toHaveLength(plan.rounds);
});
