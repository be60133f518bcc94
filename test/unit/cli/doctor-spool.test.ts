import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectSpool } from '@spanledger/instrumentation-oidc/diagnostics';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { writeLosses } from '../../../packages/instrumentation/src/spool/loss-file.ts';
import { currentProcess, folderName } from '../../../packages/instrumentation/src/spool/spool-directory.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import { runHere } from '../../support/cli/context.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';
import { writerInto } from '../../support/instrumentation/spool.ts';

/** When the spans of {@link makeSpan} ended. */
const ENDED = 1_700_000_001_000;
const STREAM = 'ab'.repeat(16);

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-doctor-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A folder with two requests, of three spans and of one. */
function spoolOf(owner = currentProcess(), spool = directory): string {
  const folder = folderName(owner, STREAM);
  const writer = writerInto(spool, folder);
  const encoder = new TraceEncoder(STREAM);
  for (const spans of [3, 1]) {
    const numbered = Array.from({ length: spans }, (_, index) => ({ span: makeSpan(), number: index + 1 }));
    writer.append('final', [], encoder.encode(numbered), spans);
  }
  return join(spool, folder);
}

/** A process that has ended. */
function dead(): ReturnType<typeof currentProcess> {
  const pid = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
  return { ...currentProcess(), pid, start: 1 };
}

async function doctor(...args: string[]): Promise<{ status: number; stdout: string }> {
  const { status, stdout, stderr } = await runHere(['doctor', '--spool', directory, ...args], {
    now: () => ENDED + 5_000,
  });
  expect(stderr).toBe('');
  return { status, stdout };
}

async function findings(): Promise<{ verdict: string; subject: string; data: Record<string, unknown> }[]> {
  const { stdout } = await doctor('--json');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('doctor --spool', () => {
  test('of a running process: what waits, since when, and that nothing is wrong', async () => {
    spoolOf();
    const { status, stdout } = await doctor();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ok {4}spool: 4 spans of 1 process wait in /);
    expect(stdout).toMatch(
      new RegExp(
        `ok {4}process ${process.pid}: runs, since .*; 1 segment, \\d.* bytes; 4 spans unsent, the oldest ended 5\\S* ?s ago; undamaged\\n`,
      ),
    );
  });

  test('as JSON: every number', async () => {
    spoolOf();
    const [, process] = await findings();
    expect(process).toMatchObject({
      verdict: 'good',
      data: {
        state: 'alive',
        streamId: STREAM,
        segments: 1,
        unsent: { spans: 4, oldest: ENDED },
        damaged: 0,
        torn: false,
        unreadable: false,
        lost: { total: 0, unreported: 0 },
      },
    });
  });

  test('what has arrived does not wait', async () => {
    const reader = new SpoolReader(spoolOf(), true, () => undefined);
    const batch = reader.next(1);
    if (batch !== undefined) reader.confirm(batch);
    expect((await findings())[1]?.data).toMatchObject({ unsent: { spans: 1 } });
    const rest = reader.next(1);
    if (rest !== undefined) reader.confirm(rest);
    expect((await doctor()).stdout).toContain('everything has arrived');
  });

  test('of a process that has ended: that it is taken over, a torn end, damage', async () => {
    const folder = spoolOf(dead());
    const segment = join(folder, '00000001.segment');
    appendFileSync(segment, 'SPL1');
    const torn = await findings();
    expect(torn[1]).toMatchObject({ verdict: 'warning', data: { state: 'dead', torn: true, damaged: 0 } });
    expect((await doctor()).stdout).toMatch(/has ended, .*4 spans unsent.*torn at its end/);
    const bytes = readFileSync(segment);
    bytes[20] = 255 - (bytes[20] ?? 0);
    writeFileSync(segment, bytes);
    const [, damaged] = await findings();
    expect(damaged).toMatchObject({ verdict: 'warning', data: { damaged: 1, unsent: { spans: 1 } } });
    // Looking at it has changed nothing.
    expect(readFileSync(segment)).toEqual(bytes);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test('what was lost, and whether the receiver knows', async () => {
    const folder = spoolOf();
    writeLosses(folder, {
      total: 9,
      unreported: [{ reason: 'disk_full', count: 4, first: 3, last: 9 }],
      next: 10,
    });
    const { status, stdout } = await doctor();
    expect(status).toBe(0);
    expect(stdout).toMatch(/look {2}process \d+: .*9 spans lost, 4 of them not reported yet/);
  });

  test('what a newer version wrote is not judged', async () => {
    const folder = spoolOf(dead());
    writeFileSync(join(folder, '00000001.segment'), 'SPL2 something that nobody here knows');
    mkdirSync(join(directory, 'v2-producer'));
    writeFileSync(join(directory, 'v2-producer', '1.segment'), '');
    const { stdout } = await doctor();
    expect(stdout).toMatch(/look {2}process \d+: written by a newer version, which is left alone/);
    expect(stdout).toMatch(/look {2}folder v2-producer: written by a newer version/);
    expect(stdout).not.toContain('damaged');
  });

  test('of another machine only the signs of life are seen', async () => {
    spoolOf({ ...currentProcess(), host: 'ffffffff' });
    expect((await findings())[1]?.data).toMatchObject({ state: 'elsewhere', unsent: { spans: 4 } });
  });

  test('what was refused, by status', async () => {
    spoolOf();
    mkdirSync(join(directory, 'rejected'));
    for (const name of ['1700000001000-http-400-12-000001.otlp', '1700000002000-http-413-12-000002.otlp']) {
      writeFileSync(join(directory, 'rejected', name), 'xyz');
    }
    const { status, stdout } = await doctor();
    expect(status).toBe(0);
    expect(stdout).toMatch(/look {2}rejected: 2 requests refused .*HTTP 400: 1, HTTP 413: 1\), 6 bytes/);
  });

  test('the folder above the spools of several services', async () => {
    const [shop, stock] = [join(directory, 'shop'), join(directory, 'stock')];
    spoolOf(currentProcess(), shop);
    cpSync(shop, stock, { recursive: true });
    const { stdout } = await doctor();
    expect(stdout).toContain(`wait in ${shop}`);
    expect(stdout).toContain(`wait in ${stock}`);
  });

  test('an empty one is good; none, or a file, is bad and ends with 1', async () => {
    expect(await doctor()).toEqual({ status: 0, stdout: `ok    spool: nothing waits in ${directory}\n` });
    const absent = await runHere(['doctor', '--spool', join(directory, 'absent')]);
    expect(absent).toMatchObject({ status: 1, stdout: expect.stringMatching(/BAD.*is not there/) });
    writeFileSync(join(directory, 'file'), '');
    const file = await runHere(['doctor', '--spool', join(directory, 'file')]);
    expect(file).toMatchObject({ status: 1, stdout: expect.stringMatching(/BAD.*is no directory/) });
  });

  test('is not for data directories and services', async () => {
    const { status } = await runHere(['doctor', '--spool', directory, '--data', directory]);
    expect(status).toBe(2);
  });
});

test('an inspection holds up to a spool that changes meanwhile', () => {
  const folder = spoolOf();
  writeFileSync(join(folder, 'position.json'), '{"segment":99,"offset":1}');
  expect(inspectSpool(directory, ENDED).producers[0]?.unsent.spans).toBe(0);
});
