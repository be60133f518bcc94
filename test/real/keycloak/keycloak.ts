import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeycloakAdmin } from './admin.ts';
import { installKeycloak } from './install.ts';

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 15_000;
const LISTENING = /Listening on: (http:\/\/127\.0\.0\.1:\d+)/;
const KEPT_OUTPUT = 20_000;
const HEAP = '-Xms64m -Xmx512m';
const START = [
  'start',
  '--optimized',
  '--http-enabled=true',
  '--hostname-strict=false',
  '--http-host=127.0.0.1',
  '--http-port=0',
  '--http-management-host=127.0.0.1',
  '--http-management-port=0',
];

/** A real Keycloak on loopback, with its data in memory. */
export class Keycloak implements AsyncDisposable {
  readonly #close: () => Promise<void>;
  /** E.g. `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly admin: KeycloakAdmin;

  private constructor(url: string, password: string, close: () => Promise<void>) {
    this.#close = close;
    this.url = url;
    this.admin = new KeycloakAdmin(url, password);
  }

  /**
   * Installs Keycloak if need be and starts it; resolves once it answers. Where SPANLEDGER_TEST_KEYCLOAK names one that
   * runs (`http://admin:<password>@127.0.0.1:<port>`), that is used instead.
   */
  static async start(): Promise<Keycloak> {
    const running = process.env['SPANLEDGER_TEST_KEYCLOAK'];
    if (running !== undefined) {
      const { origin, password } = new URL(running);
      return new Keycloak(origin, password, () => Promise.resolve());
    }
    const password = randomBytes(16).toString('hex');
    const { url, close } = await startKeycloak(password);
    const keycloak = new Keycloak(url, password, close);
    try {
      await keycloak.admin.untilReady(AbortSignal.timeout(START_TIMEOUT_MS));
      return keycloak;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** Starts a process; resolves once it listens, which is before it answers. */
async function startKeycloak(password: string): Promise<{ url: string; close: () => Promise<void> }> {
  const home = await installKeycloak();
  const folder = await mkdtemp(join(tmpdir(), 'spanledger-keycloak-'));
  const child = spawn(join(home, 'bin/kc.sh'), START, {
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
      KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      JAVA_OPTS_KC_HEAP: HEAP,
    },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await readAddress(child), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readAddress(child: ChildProcess): Promise<string> {
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const listen = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    const url = LISTENING.exec(output)?.[1];
    if (url !== undefined) resolve(url);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  child.once('exit', () => {
    reject(new Error(`Keycloak did not start:\n${output}`));
  });
  const timer = setTimeout(() => {
    reject(new Error(`Keycloak did not answer in ${START_TIMEOUT_MS / 1000} s:\n${output}`));
  }, START_TIMEOUT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
