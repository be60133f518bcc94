import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../exporter/service.ts';

const CLI = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

/** A command that runs. */
export interface RunningCommand {
  /** What it printed so far. */
  output: { stdout: string; stderr: string };
  signal: (name: NodeJS.Signals) => void;
  /** Reads no more of its standard output. */
  hangUp: () => void;
  /** Waits for its end. */
  ended: () => Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  /** Waits until standard output matches. */
  printed: (what: RegExp) => Promise<string[]>;
}

/** Starts the built command as its own process, with nothing of this one's environment that could lead it astray. */
export function startCommand(args: string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', NO_COLOR: '1', ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
  child.stdin.end();
  const closed = once(child, 'close');
  return {
    output,
    signal: (name) => child.kill(name),
    hangUp: () => child.stdout.destroy(),
    ended: async () => {
      await closed;
      return { status: child.exitCode, signal: child.signalCode };
    },
    printed: async (what) => {
      await waitFor(`${what} on standard output`, () => what.test(output.stdout));
      return [...(what.exec(output.stdout) ?? [])];
    },
  };
}

/** Runs the built command to its end. */
export async function runCommand(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const command = startCommand(args, env);
  const { status } = await command.ended();
  return { status, ...command.output };
}
