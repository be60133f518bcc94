import { execFile } from 'node:child_process';
import { goProgram } from './go-program.ts';

/** A log of 100,000 entries is read in a second. */
const MAX_RUN_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** How a program ended. */
export interface ProgramResult {
  /** Null if a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever that is. */
export function runProgram(file: string, args: readonly string[], input = ''): Promise<ProgramResult> {
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  const options = { timeout: MAX_RUN_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const child = execFile(file, args, options, (_error, stdout, stderr) => {
    resolve({ status: child.exitCode, stdout, stderr });
  });
  // One that has ended without reading takes nothing; how it ended tells what there is to tell.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return promise;
}

/** What Tessera's fsck says of a log. */
export interface FsckResult {
  ok: boolean;
  /** The last message that it logged, its first line. */
  verdict: string;
}

/**
 * Runs Tessera's own fsck.
 *
 * @param url the log's prefix, file:// or http://
 * @param vkeyPath the file with the log's verification key
 */
export async function runFsck(url: string, vkeyPath: string): Promise<FsckResult> {
  const fsck = await goProgram('github.com/transparency-dev/tessera/cmd/fsck');
  const args = ['--ui=false', '--N=2', `--storage_url=${url}`, `--public_key=${vkeyPath}`];
  const { status, stderr } = await runProgram(fsck, args);
  const lines = stderr.trimEnd().split('\n');
  // It exits with 0 whatever it found: only its last line tells.
  const ok = status === 0 && (lines.at(-1) ?? '').includes("Successfully fsck'd log");
  const verdict = lines.findLast((line) => /^[IWEF]\d{4} |^panic:/.test(line)) ?? '';
  return { ok, verdict: verdict.replace(/^[IWEF].*?\] (?:fsck failed: )?/, '') };
}
