import { spawn } from 'node:child_process';

/** Longer than any install takes on a machine that is busy; a test's own limit is 300 s. */
const TIMEOUT_MS = 280_000;
const MAX_OUTPUT = 20_000;

/** What npm installs with: nothing that a user would not get, and no peer dependency waved through. */
export const INSTALL_OPTIONS: readonly string[] = [
  '--no-audit',
  '--no-fund',
  '--prefer-offline',
  '--no-legacy-peer-deps',
];

/**
 * Runs npm in a folder.
 *
 * @returns what it printed to standard output
 * @throws with npm's own words if it fails or takes too long
 */
export async function runNpm(args: readonly string[], cwd: string): Promise<string> {
  // The root's .npmrc silences npm, and npm hands that on to its scripts' children.
  const child = spawn('npm', [...args, '--loglevel=warn'], {
    cwd,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    output = (output + chunk).slice(-MAX_OUTPUT);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output = (output + chunk).slice(-MAX_OUTPUT);
  });
  const ended = await new Promise<string>((resolve) => {
    child.on('error', (error) => {
      resolve(error.name === 'AbortError' ? `took more than ${TIMEOUT_MS / 1_000} s` : error.message);
    });
    child.on('close', (status, signal) => {
      resolve(status === 0 ? '' : `ended with ${status ?? signal}`);
    });
  });
  if (ended === '') return stdout;
  throw new Error(`npm ${args.join(' ')} in ${cwd} ${ended}\n${output}`);
}

/** Ours without what belongs to the script that runs us, not to the app. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _mode, ...kept } = process.env;
  return Object.fromEntries(
    Object.entries(kept).filter(([name]) => !/^npm_(?:package|lifecycle|command)/.test(name)),
  );
}
