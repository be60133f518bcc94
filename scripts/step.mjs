// Progress for people who wait: a step that takes longer than a second says what it does and for how long.
import { spawn } from 'node:child_process';

const QUIET_MS = 1_000;
const BEAT_MS = 10_000;
const MAX_KEPT_OUTPUT = 1_000_000;

/**
 * Runs `work` and, if it takes more than a second, writes one line about it: `Building … 3.2 s`.
 *
 * @template T
 * @param {NodeJS.WritableStream} out where the line goes
 * @param {string} title what is being done
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(out, title, work) {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  let shown = false;
  let beat;
  const quiet = setTimeout(() => {
    shown = true;
    out.write(`${title} …`);
    beat = setInterval(() => out.write(` ${seconds()} …`), BEAT_MS);
  }, QUIET_MS);
  try {
    const result = await work();
    if (shown) out.write(` ${seconds()}\n`);
    return result;
  } catch (error) {
    if (shown) out.write(` failed after ${seconds()}\n`);
    throw error;
  } finally {
    clearTimeout(quiet);
    clearInterval(beat);
  }
}

/** A command that ended badly; `output` is what it printed. */
export class CommandFailed extends Error {
  /**
   * @param {string} command
   * @param {number} status
   * @param {string} output
   */
  constructor(command, status, output) {
    super(`${command} ended with status ${status}`);
    this.status = status;
    this.output = output;
  }
}

/** Children of {@link capture} that still run, so that a signal can end them. */
export const running = new Set();

/**
 * Runs a command to its end, keeping what it prints.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<string>} its standard output
 * @throws {CommandFailed} unless it ended with status 0
 */
export function capture(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout = (stdout + chunk).slice(-MAX_KEPT_OUTPUT);
      output = (output + chunk).slice(-MAX_KEPT_OUTPUT);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      output = (output + chunk).slice(-MAX_KEPT_OUTPUT);
    });
    child.on('error', (error) => {
      running.delete(child);
      reject(new CommandFailed(file, 127, `${error}\n`));
    });
    child.on('close', (status, signal) => {
      running.delete(child);
      if (status === 0) resolve(stdout);
      else reject(new CommandFailed([file, ...args].join(' '), status ?? 1, output + (signal ?? '')));
    });
  });
}
