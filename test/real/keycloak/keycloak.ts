import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Running } from '../door.ts';
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

/**
 * Installs a Keycloak if need be and starts it on loopback, with its data in memory; resolves once it answers.
 *
 * @returns its address with its first administrator, `http://admin:<password>@127.0.0.1:<port>`
 */
export async function startKeycloak(): Promise<Running> {
  const home = await installKeycloak();
  const folder = await mkdtemp(join(tmpdir(), 'spanledger-keycloak-'));
  const password = randomBytes(16).toString('hex');
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
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await readAddress(child);
    await new KeycloakAdmin(url, password).untilReady(AbortSignal.timeout(START_TIMEOUT_MS));
    const address = new URL(url);
    address.username = 'admin';
    address.password = password;
    return { address: address.href, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}

/** It says where it listens before it answers. */
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
    reject(new Error(`Keycloak did not listen in ${START_TIMEOUT_MS / 1000} s:\n${output}`));
  }, START_TIMEOUT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
