import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The built demo, as `npm start` runs it. */
export const DEMO_SCRIPT: string = fileURLToPath(
  new URL('../../../packages/demo/dist/main.js', import.meta.url),
);

/** What the tests read of `--json`. */
export interface DemoJson {
  ok: boolean;
  url: string;
  data: string;
  instance: string;
  expectations: {
    name: string;
    query: string;
    found: number;
    verified: number;
    problems: string[];
    ok: boolean;
  }[];
  sessions: { id: string; user_id?: string; state: string; client_id: string[]; issuer: string }[];
  session: { id: string; user_id?: string; timeline: Record<string, unknown>[] } | null;
  report: { ok: boolean; verified: number; size: number; failures: unknown[] };
  telemetry: { requests: number; size_bytes: number };
  commands: string[];
}

/** A demo that ran to its end, and what it left. */
export interface FinishedDemo {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  result: DemoJson;
  directory: string;
  /** Every secret that passed through the people's or the provider's hands. */
  secrets: string[];
  remove(): Promise<void>;
}

/**
 * Runs the demo with `--once --json` on a directory of its own.
 *
 * @param env variables on top of the test's own
 */
export async function runDemoOnce(env: Readonly<Record<string, string>>): Promise<FinishedDemo> {
  const root = await mkdtemp(join(tmpdir(), 'spanledger-e2e-demo-'));
  const directory = join(root, 'data');
  const secretsFile = join(root, 'secrets.json');
  const args = [DEMO_SCRIPT, '--once', '--json', '--data', directory, '--secrets-file', secretsFile];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true });
  try {
    const secrets: string[] = JSON.parse(await readFile(secretsFile, 'utf8'));
    return { exitCode, stdout, stderr, result: JSON.parse(stdout), directory, secrets, remove };
  } catch (cause) {
    await remove();
    throw new Error(`the demo ended with status ${exitCode}:\n${stderr}\n${stdout}`, { cause });
  }
}
