import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { collectorProgram } from './distribution.ts';

const run = promisify(execFile);

const MAX_START_MS = 60_000;
const MAX_STOP_MS = 20_000;
const POLL_MS = 20;
const MAX_KEPT_LOG = 20_000;

/** A collector that runs. */
export interface Collector extends AsyncDisposable {
  pid: number;
  /** The end of what it wrote to standard error. */
  log: () => string;
  /** Ends it as a power cut of its process would. */
  kill: () => Promise<void>;
  /** Ends it as an administrator does. */
  close: () => Promise<void>;
}

/**
 * Starts the real collector and waits until its health check is good.
 *
 * @param configs the configuration files, later ones over earlier ones
 * @param env the variables that they name; HEALTH_ENDPOINT is where the health check listens
 * @throws Error with the end of its log if it does not start
 */
export async function startCollector(
  configs: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Collector> {
  const program = await collectorProgram();
  const health = env['HEALTH_ENDPOINT'];
  if (health === undefined) throw new TypeError('no HEALTH_ENDPOINT');
  // It ends with whoever started it.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...argumentsOf(configs)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  // That it could not be started shows in its having ended.
  child.on('error', () => undefined);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-MAX_KEPT_LOG)));
  const collector: Collector = {
    pid: child.pid ?? 0,
    log: () => log,
    kill: () => end(child, 'SIGKILL'),
    close: () => end(child, 'SIGTERM'),
    [Symbol.asyncDispose]: () => end(child, 'SIGKILL'),
  };
  const deadline = performance.now() + MAX_START_MS;
  while (!(await isHealthy(health))) {
    if (!hasEnded(child) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      continue;
    }
    await collector.kill();
    throw new Error(`the collector did not start: ${log}`);
  }
  return collector;
}

/**
 * What `validate` says of configuration files.
 *
 * @returns empty if they are good
 */
export async function validateConfiguration(
  configs: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const program = await collectorProgram();
  const options = { env: { PATH: process.env['PATH'], ...env }, timeout: MAX_START_MS };
  try {
    await run(program, ['validate', ...argumentsOf(configs)], options);
    return '';
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}

/** Addresses of loopback that nobody listens at. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const addresses = servers.map(async (server) => {
    if (!server.listening) await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  });
  const found = await Promise.all(addresses);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}

function argumentsOf(configs: readonly string[]): string[] {
  return configs.flatMap((file) => ['--config', file]);
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`http://${endpoint}/`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), MAX_STOP_MS);
  await gone;
  clearTimeout(late);
}
