import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { freeAddresses, startCollector } from '../../real/collector/collector.ts';
import type { FloorSizes } from './floor-sizes.ts';
import { untilCaughtUp } from './follower-progress.ts';
import { untilIdle } from './process-meter.ts';

/** The command line, as it is installed. */
const SPANLEDGER = join(import.meta.dirname, '../../../packages/cli/dist/main.js');

const MAX_REST_MS = 120_000;
const MAX_KEPT_LOG = 10_000;

/** One of the two that are compared, as it runs. */
export interface RunningSide extends AsyncDisposable {
  name: string;
  pid: number;
  port: number;
  /** Resolves once it has nothing left to do, with the seconds that it took: it would take the cores from whoever is next. */
  rest(): Promise<number>;
  /** Frees what the rounds so far have filled, where that can be. */
  clear(): Promise<void>;
}

/** The service as an operator runs it, in a process of its own. */
export interface ServiceSide extends RunningSide {
  /** Ends it as an administrator does. */
  stop(): Promise<void>;
}

/** Starts the service; resolves when it listens. */
export async function startServiceSide(dataDirectory: string): Promise<ServiceSide> {
  const serve = [SPANLEDGER, 'serve', '--data', dataDirectory, '--port', '0', '--json'];
  const { child, port } = await startNode(serve);
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    name: 'Spanledger',
    pid: child.pid ?? 0,
    port,
    rest: () => restOf(child.pid ?? 0, port),
    clear: () => Promise.resolve(),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}

/** Starts what no intake can do without, see `floor-child.ts`; all requests have as many spans. */
export async function startFloorSide(sizes: FloorSizes, spansPerRequest: number): Promise<RunningSide> {
  await mkdir(sizes.directory);
  const script = join(import.meta.dirname, 'floor-child.ts');
  const { child, port } = await startNode([script, JSON.stringify(sizes), String(spansPerRequest)]);
  return {
    name: 'floor',
    pid: child.pid ?? 0,
    port,
    rest: () => untilIdle(child.pid ?? 0, MAX_REST_MS),
    clear: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Starts the OpenTelemetry Collector, which writes to a file in a directory. */
export async function startCollectorSide(directory: string): Promise<RunningSide> {
  const [otlp = '', health = ''] = await freeAddresses(2);
  const telemetry = join(directory, 'telemetry.json');
  const collector = await startCollector([join(import.meta.dirname, 'collector-to-file.yaml')], {
    OTLP_ENDPOINT: otlp,
    HEALTH_ENDPOINT: health,
    TELEMETRY_FILE: telemetry,
  });
  return {
    name: 'Collector',
    pid: collector.pid,
    port: Number(otlp.split(':')[1]),
    rest: () => untilIdle(collector.pid, MAX_REST_MS),
    clear: () => truncate(telemetry),
    [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
  };
}

/** Its followers starve on a busy machine: that they do nothing does not say that they are done. */
async function restOf(pid: number, port: number): Promise<number> {
  const begin = performance.now();
  await untilCaughtUp(port, MAX_REST_MS);
  await untilIdle(pid, MAX_REST_MS);
  return (performance.now() - begin) / 1000;
}

/** Starts a process that ends with this one, and says where it listens. */
async function startNode(args: readonly string[]) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...args], {
    // What the service logs of requests that it refuses is not for those who read the figures.
    env: { ...process.env, SPANLEDGER_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-MAX_KEPT_LOG)));
  const port = await portOf(child.stdout);
  if (port === undefined) throw new Error(`it did not start: ${log}`);
  return { child, port };
}

async function portOf(stdout: Readable): Promise<number | undefined> {
  let output = '';
  for await (const text of stdout) {
    output += String(text);
    const port = /"url":"http:\/\/[^:"]+:(\d+)"/.exec(output)?.[1];
    if (port !== undefined) return Number(port);
  }
  return undefined;
}
