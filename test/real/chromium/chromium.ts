import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';
const LAUNCH_TIMEOUT_MS = 60_000;

/** Nothing of it looks for anything outside this machine. */
const OPTIONS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const run = promisify(execFile);

/** Starts Debian's Chromium without a window; installs it if need be and the user may. */
export async function startChromium(): Promise<Browser> {
  await installChromium();
  return await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: OPTIONS,
    timeout: LAUNCH_TIMEOUT_MS,
  });
}

/** Installs Debian's Chromium if it is not there. */
export async function installChromium(): Promise<void> {
  const isThere = await access(EXECUTABLE, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  process.stderr.write('Installing Chromium …\n');
  await run('apt-get', ['update', '-qq']);
  await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 16 * 1024 * 1024,
  });
}
