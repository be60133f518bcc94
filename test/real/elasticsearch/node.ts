import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elasticsearchHome } from './distribution.ts';
import { javaHome } from './java.ts';
import { SUPERUSER, writeNodeFiles } from './node-files.ts';

const MAX_START_MS = 180_000;
const MAX_STOP_MS = 20_000;
const POLL_MS = 100;
const MAX_SHOWN_LOG = 4_000;
/** Elasticsearch refuses to run as root; nobody has this one's files. */
const UNPRIVILEGED_ID = 65_534;

/** What of a node is not as usual. */
export interface ElasticsearchOptions {
  /** TLS with an authority of its own, and users. */
  security?: boolean;
  /** Default: a free one. */
  port?: number;
  /** The Java heap, default `1g`. */
  heap?: string;
  /** Kept when the node is closed, so that another can go on with it; default: a temporary one. */
  directory?: string;
}

/** A node that runs. */
export interface ElasticsearchNode extends AsyncDisposable {
  url: string;
  port: number;
  /** Of the process that ends everything when it ends. */
  pid: number;
  /** With security: whom to trust, and the superuser. */
  caFile?: string;
  username?: string;
  password?: string;
  /** Ends it as a power cut of its processes would; the data stay until `close`. */
  kill: () => Promise<void>;
  /** Ends it and removes its data unless the directory was given. */
  close: () => Promise<void>;
}

interface NodeProcess {
  child: ChildProcess;
  directory: string;
  /** The end of what it wrote to standard error. */
  errors: string;
}

/**
 * Starts a real, single-node Elasticsearch on loopback and waits until it answers; 10 s on an idle machine. It ends
 * with the process that started it.
 *
 * @throws Error with the end of its log if it does not start
 */
export async function startElasticsearch(options: ElasticsearchOptions = {}): Promise<ElasticsearchNode> {
  const [home, jdk] = await Promise.all([elasticsearchHome(), javaHome()]);
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'spanledger-elasticsearch-')));
  const removeData = async () => {
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const password = options.security === true ? randomBytes(12).toString('base64url') : undefined;
  const caFile = await writeNodeFiles({ home, directory, port: options.port ?? 0, password });
  if (process.getuid?.() === 0) await giveAway(directory);
  const node = spawnNode(home, jdk, directory, options.heap ?? '1g');
  const { child } = node;
  const kill = () => end(child, 'SIGKILL');
  try {
    const access = { ca: caFile && (await readFile(caFile)), password };
    const port = await waitForPort(node);
    await waitUntilReady(node, port, access);
    const close = async () => {
      await end(child, 'SIGTERM');
      await removeData();
    };
    return {
      url: `${caFile === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      port,
      pid: child.pid ?? 0,
      ...(caFile !== undefined && { caFile }),
      ...(password !== undefined && { username: SUPERUSER, password }),
      kill,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await kill();
    await removeData();
    throw error;
  }
}

function spawnNode(home: string, jdk: string, directory: string, heap: string): NodeProcess {
  const java = join(jdk, 'bin/java');
  const asNobody = [
    `--reuid=${UNPRIVILEGED_ID}`,
    `--regid=${UNPRIVILEGED_ID}`,
    '--clear-groups',
    // The distribution may lie in root's home; the bit lets access(2) know, too.
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    '--securebits=+no_setuid_fixup',
  ];
  const first = ['--pdeathsig', 'TERM', ...(process.getuid?.() === 0 ? asNobody : [])];
  const launcher = [
    '-Xms4m',
    '-Xmx64m',
    '-XX:+UseSerialGC',
    '-cp',
    join(home, 'lib/tools/server-launcher/*'),
  ];
  const main = 'org.elasticsearch.server.launcher.ServerLauncher';
  const child = spawn('setpriv', [...first, java, ...launcher, main], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      JAVA: java,
      JAVA_TYPE: 'ES_JAVA_HOME',
      ES_JAVA_HOME: jdk,
      ES_HOME: home,
      ES_PATH_CONF: join(directory, 'conf'),
      ES_TMPDIR: join(directory, 'tmp'),
      ES_DISTRIBUTION_TYPE: 'zip',
      ES_JAVA_OPTS: `-Xms${heap} -Xmx${heap} -XX:-AlwaysPreTouch`,
      CLI_JAVA_OPTS: '-XX:TieredStopAtLevel=1',
    },
  });
  // That it could not be started shows in its having ended.
  child.on('error', () => undefined);
  const node: NodeProcess = { child, directory, errors: '' };
  child.stderr.on('data', (chunk: Buffer) => {
    node.errors = (node.errors + chunk.toString()).slice(-MAX_SHOWN_LOG);
  });
  return node;
}

async function waitForPort(node: NodeProcess): Promise<number> {
  return poll(node, async () => {
    const lines = await readFile(join(node.directory, 'logs/http.ports'), 'utf8').catch(() => '');
    const port = /:(\d+)\s*$/m.exec(lines)?.[1];
    return port === undefined ? undefined : Number(port);
  });
}

interface Access {
  ca: Buffer | '' | undefined;
  password: string | undefined;
}

async function waitUntilReady(node: NodeProcess, port: number, { ca, password }: Access): Promise<void> {
  const path = '/_cluster/health?wait_for_status=yellow&timeout=1s';
  const auth = password === undefined ? {} : { auth: `${SUPERUSER}:${password}` };
  const target = { host: '127.0.0.1', port, path, timeout: 2_000, ...auth };
  await poll(node, () => {
    const { promise, resolve } = Promise.withResolvers<true | undefined>();
    const request = ca === undefined ? requestHttp(target) : requestHttps({ ...target, ca });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    });
    request.on('timeout', () => request.destroy());
    request.on('close', () => {
      resolve(undefined);
    });
    request.on('error', () => undefined);
    request.end();
    return promise;
  });
}

async function poll<T>(node: NodeProcess, ask: () => Promise<T | undefined>): Promise<T> {
  const { child, directory } = node;
  const deadline = performance.now() + MAX_START_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    const hasEnded = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (hasEnded || performance.now() > deadline) {
      const log = await readFile(join(directory, 'logs/spanledger-test.log'), 'utf8').catch(
        () => node.errors,
      );
      const what = hasEnded ? 'ended' : `was not ready after ${MAX_START_MS} ms`;
      throw new Error(`Elasticsearch ${what}: ${log.slice(-MAX_SHOWN_LOG)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The launcher passes SIGTERM on; killed itself, it would leave the server to find out. */
async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  const killAll = async () => {
    const server = await serverOf(child.pid ?? 0);
    for (const pid of server) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
    // It holds the lock of its data until it is gone.
    while (server.some((pid) => existsSync(`/proc/${pid}`)))
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  };
  if (signal === 'SIGKILL') await killAll();
  else child.kill('SIGTERM');
  const late = setTimeout(() => void killAll(), MAX_STOP_MS);
  await gone;
  clearTimeout(late);
}

async function serverOf(launcher: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${launcher}/task`).catch((): string[] => []);
  const children = await Promise.all(
    tasks.map((task) => readFile(`/proc/${launcher}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return children.flatMap((line) => line.split(' ').filter(Boolean).map(Number));
}

async function giveAway(directory: string): Promise<void> {
  await chown(directory, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  for (const entry of await readdir(directory, { recursive: true }))
    await chown(join(directory, entry), UNPRIVILEGED_ID, UNPRIVILEGED_ID);
}
