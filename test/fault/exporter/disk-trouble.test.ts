import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { expectSpansKept, Load } from '../../support/exporter/load.ts';
import { OneConnection, type Answer } from '../../support/exporter/one-connection.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';
import { CAN_MOUNT, CAN_TRACE, runBeside, withOwnDisk } from '../../support/instrumentation/confined.ts';

/** Whether a file can be mounted as a disk. */
const HAS_LOOPS = existsSync('/dev/loop-control');

const SENDERS = 4;
const SPANS = 400;
const DEADLINE_MS = 60_000;

/** What `/readyz` says; undefined if it cannot be asked. */
async function askReadiness(service: ServiceProcess, ask: OneConnection): Promise<Answer | undefined> {
  return await ask.ask(`${service.url}/readyz`).catch(() => undefined);
}

async function untilReady(service: ServiceProcess, ask: OneConnection, status: number): Promise<string> {
  let text = '';
  await waitFor(
    `/readyz to answer ${status}`,
    async () => {
      const answer = await askReadiness(service, ask);
      text = answer?.text ?? text;
      return answer?.status === status;
    },
    DEADLINE_MS,
  );
  return text;
}

/** A service that cannot write its journal refuses spans, for now. */
async function expectRefusal(service: ServiceProcess, ask: OneConnection): Promise<void> {
  expectRefused(await sendSpan(service, ask));
}

/** The same, of a journal that may still have room of its own: it refuses once that is used up. */
async function untilRefused(
  service: ServiceProcess,
  ask: OneConnection,
  begin: Trouble['begin'],
): Promise<void> {
  let answer: Answer | undefined;
  await waitFor(
    'a span to be refused',
    async () => {
      await begin();
      answer = await sendSpan(service, ask);
      return answer.status !== 200;
    },
    DEADLINE_MS,
  );
  expectRefused(answer);
}

async function sendSpan(service: ServiceProcess, ask: OneConnection): Promise<Answer> {
  return await ask.ask(`${service.url}/v1/traces`, toProtobuf([createSender('another').span()]));
}

function expectRefused(answer: Answer | undefined): void {
  expect(answer?.status).toBe(503);
  expect(Number(answer?.retryAfter)).toBeGreaterThan(0);
}

async function untilTaken(load: Load, spans: number): Promise<void> {
  const enough = load.acknowledged + spans;
  await waitFor(`${spans} more spans to be acknowledged`, () => load.acknowledged >= enough, DEADLINE_MS);
}

/** Something that goes wrong with the disk of a running service, and is put right again. */
interface Trouble {
  /** Makes it go wrong; called again and again until the service says that it is in trouble. */
  begin: () => Promise<void> | void;
  end: () => Promise<void> | void;
  /** What the service says of it. */
  says: RegExp;
  /** False where the open journal may go on taking what comes; true otherwise. */
  refuses?: boolean;
}

/** The service in trouble under load: it refuses, says why, goes on living, and works again by itself. */
async function expectRecovery(
  service: ServiceProcess,
  { begin, end, says, refuses = true }: Trouble,
): Promise<Load> {
  using ask = new OneConnection();
  const load = new Load(service, SENDERS);
  load.start();
  await untilTaken(load, SPANS);
  expect((await askReadiness(service, ask))?.status).toBe(200);

  let unready = '';
  await waitFor(
    'the service to say that it is in trouble',
    async () => {
      await begin();
      const answer = await askReadiness(service, ask);
      if (answer?.status === 503) unready = answer.text;
      return says.test(unready);
    },
    DEADLINE_MS,
  );
  expect(JSON.parse(unready)).toEqual({
    status: 'unready',
    troubles: [{ code: expect.any(String), message: expect.any(String), hint: expect.any(String) }],
  });
  if (refuses) await untilRefused(service, ask, begin);
  expect((await ask.ask(`${service.url}/healthz`)).status).toBe(200);

  // Nobody sends: it has to find out by itself.
  await load.pause();
  await end();
  await untilReady(service, ask, 200);
  load.resume();
  await untilTaken(load, SPANS);
  await load.stop();
  return load;
}

/** Takes up what is left, as the next start does, and demands that all of it is there. */
async function expectKept(load: Load, directory: string): Promise<void> {
  const service = await startTestService(directory);
  await service.close();
  expect((await verifyDirectory(directory)).failures).toEqual([]);
  await expectSpansKept(load, directory);
}

async function scratch(): Promise<string> {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  return data.path;
}

test('continuous integration skips none of these', () => {
  if (process.env['REFUSE_SKIPS'] === undefined) return;
  expect({ CAN_MOUNT, CAN_TRACE, HAS_LOOPS }).toEqual({ CAN_MOUNT: true, CAN_TRACE: true, HAS_LOOPS: true });
});

test.runIf(CAN_MOUNT)('ENOSPC: a full disk, and room again', async () => {
  const home = await scratch();
  const directory = join(home, 'data');
  const copy = join(home, 'copy');
  await Promise.all([mkdir(directory), mkdir(copy)]);
  await using service = new ServiceProcess(directory, withOwnDisk(directory, 'size=32m'));
  await service.start();
  const filler = join(directory, 'filler');
  const load = await expectRecovery(service, {
    begin: () => {
      runBeside(service.pid, ['sh', '-c', 'head -c 64m /dev/zero >> "$1" 2> /dev/null || :', 'sh', filler]);
    },
    end: () => {
      runBeside(service.pid, ['rm', filler]);
    },
    says: /ENOSPC/,
  });
  // Its disk goes with it: what a crash leaves is copied while it stands still.
  process.kill(service.pid, 'SIGSTOP');
  runBeside(service.pid, ['cp', '-a', `${directory}/.`, copy]);
  await service.kill();
  await expectKept(load, copy);
});

test.runIf(CAN_TRACE)('EIO: a disk that reports errors, and none any more', async () => {
  const directory = await scratch();
  await using service = new ServiceProcess(directory);
  await service.start();
  let tracer: ChildProcess | undefined;
  onTestFinished(() => void tracer?.kill('SIGKILL'));
  const load = await expectRecovery(service, {
    begin: () => {
      tracer ??= spawn(
        'strace',
        ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=fdatasync,fsync:error=EIO', '-p', String(service.pid)],
        { stdio: 'ignore' },
      );
    },
    end: async () => {
      if (tracer === undefined) throw new Error('nothing was traced');
      const gone = once(tracer, 'exit');
      tracer.kill('SIGINT');
      await gone;
    },
    says: /EIO/,
  });
  await service.kill();
  await expectKept(load, directory);
});

test.runIf(process.platform === 'linux')('EMFILE: no more files may be open, and some again', async () => {
  const directory = await scratch();
  await using service = new ServiceProcess(directory);
  await service.start();
  const limit = (count: number): void => {
    execFileSync('prlimit', ['--pid', String(service.pid), `--nofile=${count}:`]);
  };
  const load = await expectRecovery(service, {
    begin: () => {
      // All that are open stay so, requests on open connections among them; none can be opened.
      limit(8);
    },
    end: () => {
      limit(4096);
    },
    says: /EMFILE/,
    refuses: false,
  });
  await service.kill();
  await expectKept(load, directory);
});

test.runIf(CAN_MOUNT && HAS_LOOPS)(
  'EROFS: a file system that the kernel has made read-only, and a restart after its repair',
  async () => {
    const home = await scratch();
    const [image, directory] = [join(home, 'image'), join(home, 'data')];
    await mkdir(directory);
    execFileSync('sh', ['-c', 'truncate -s 64m "$1" && mkfs.ext4 -q "$1"', 'sh', image]);
    const mount = 'mount -o loop,errors=remount-ro "$1" "$2"';
    const wrapper = ['unshare', '-m', 'sh', '-c', `${mount} && shift 2 && exec "$@"`, 'sh', image, directory];
    await using service = new ServiceProcess(directory, wrapper);
    await service.start();
    const load = new Load(service, SENDERS);
    load.start();
    await untilTaken(load, SPANS);
    runBeside(service.pid, ['mount', '-o', 'remount,abort', directory]);
    using ask = new OneConnection();
    expect(await untilReady(service, ask, 503)).toMatch(/EROFS|EIO/);
    await expectRefusal(service, ask);
    await load.pause();
    // It does not get better by itself: it stays unready, and alive.
    await delay(1500);
    expect((await askReadiness(service, ask))?.status).toBe(503);
    await expectRefusal(service, ask);
    await service.kill();

    execFileSync('sh', ['-c', 'e2fsck -fy "$1" > /dev/null 2>&1 || test $? -le 2', 'sh', image]);
    await service.start();
    load.resume();
    await untilTaken(load, SPANS);
    await load.stop();
    const copy = join(home, 'copy');
    await mkdir(copy);
    process.kill(service.pid, 'SIGSTOP');
    runBeside(service.pid, ['cp', '-a', `${directory}/.`, copy]);
    await service.kill();
    await expectKept(load, copy);
  },
);
