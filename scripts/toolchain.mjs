// What the root's npm scripts start. It needs Node 20 and nothing else: it finds (or fetches by npx) Node 24 and pnpm,
// installs when the lockfile has changed, builds, and then becomes the command that was asked for. Arguments are handed
// on as they are, without a shell in between; so are the exit status and signals.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { watchParent } from './lifeline.mjs';
import { capture, CommandFailed, running, step } from './step.mjs';

const NODE_VERSION = '24.21.0';
const NODE_MINIMUM = [24, 11];
const PNPM_VERSION = '11.28.11';
/** With the defaults, somebody behind a proxy that says no waits for minutes. */
const FETCH_RETRIES = '1';
/** npm passes on a Ctrl-C that the terminal already delivered; within this time two signals are one. */
const SAME_SIGNAL_MS = 400;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cacheFile = join(root, 'node_modules/.cache/spanledger/toolchain.json');
const bin = (name) => join(root, 'node_modules', name);
const vitest = bin('vitest/vitest.mjs');

/**
 * What can be started: the project to build first, and the script to run with the caller's arguments after its own.
 * `cwd`: where these arguments name files, which is the folder npm was called in.
 */
const callersFolder = process.env.INIT_CWD ?? process.cwd();
const tasks = {
  demo: { build: 'packages/demo', run: ['packages/demo/dist/main.js'], cwd: callersFolder },
  spanledger: {
    build: 'packages/cli',
    run: ['packages/cli/dist/main.js'],
    cwd: callersFolder,
    progress: process.stderr,
  },
  test: { build: '.', run: [vitest, 'run'] },
  bench: { build: '.', run: [vitest, 'run', '--config', 'vitest.bench.config.ts'] },
  kibana: { run: ['kibana/build.ts'] },
  evaluate: { build: '.', run: ['test/evaluation/evaluate.ts'] },
  prove: { build: '.', run: ['scripts/prove.mjs'] },
  verify: { run: ['scripts/verify.mjs'] },
};

const [name = '', ...args] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
if (task === undefined) {
  process.stderr.write(`usage: node scripts/toolchain.mjs ${Object.keys(tasks).join('|')} [arguments]\n`);
  process.exit(2);
}
const progress = args.includes('--json') ? process.stderr : (task.progress ?? process.stdout);

/** The tools that npx fetched, once it was asked. */
let fetched;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
let onSignal = (signal) => {
  for (const child of running) child.kill(signal);
  process.exit(128 + constants.signals[signal]);
};
for (const signal of SIGNALS) process.on(signal, () => onSignal(signal));
// npm killed outright takes its command with it; started by hand and put in the background, this may stay.
if (process.env.npm_lifecycle_event !== undefined) watchParent(() => onSignal('SIGTERM'));

try {
  const remembered = readCache();
  const node = await findNode(remembered);
  const env = { ...process.env, PATH: [dirname(node), bin('.bin'), process.env.PATH].join(delimiter) };
  const lockfile = digest(join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml'));
  if (remembered.lockfile !== lockfile || !existsSync(bin('.modules.yaml'))) {
    await install(node, env);
  }
  writeCache(remembered, { node, lockfile });
  if (task.build !== undefined) {
    const tsc = [bin('typescript/bin/tsc'), '-b', task.build];
    const kernel = [join(root, 'scripts/build-kernel.mjs')];
    await step(progress, 'Building', async () => {
      await capture(node, tsc, { cwd: root, env });
      await capture(node, kernel, { cwd: root, env });
    });
  }
  runTask(node, env);
} catch (error) {
  if (error instanceof CommandFailed) process.stderr.write(`${error.output.trimEnd()}\n`);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** This Node if it is new enough, else the one remembered, else the one that npx fetches. */
async function findNode(remembered) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = NODE_MINIMUM;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return process.execPath;
  if (typeof remembered.node === 'string' && existsSync(remembered.node)) return remembered.node;
  return (await fetchTools()).node;
}

/** Installs with the pnpm on the path if its version is the pinned one, else with the one that npx fetches. */
async function install(node, env) {
  const found = await capture('pnpm', ['--version'], { cwd: root, env }).catch(() => '');
  const pnpm = found.trim() === PNPM_VERSION ? ['pnpm'] : [node, (await fetchTools()).pnpm];
  const [file, ...first] = pnpm;
  const installing = [...first, 'install', '--frozen-lockfile', '--fetch-retries', FETCH_RETRIES];
  await step(progress, 'Installing packages', async () =>
    // CI: pnpm must not ask whether it may replace a node_modules folder.
    capture(file, installing, { cwd: root, env: { ...env, ...(await npmSettings()), CI: 'true' } }),
  ).catch(explainNetwork);
}

/** Where npm downloads from and whom it trusts: pnpm 11 reads neither from npm, and Node takes a CA from NODE_EXTRA_CA_CERTS. */
async function npmSettings() {
  // npm gives its scripts a registry only where it is not the usual one: then pnpm may have been told another.
  const registry = process.env.npm_config_registry;
  const cafile = await npmSetting('cafile');
  return {
    ...(registry && { npm_config_registry: registry, pnpm_config_registry: registry }),
    ...(cafile !== undefined &&
      process.env.NODE_EXTRA_CA_CERTS === undefined && { NODE_EXTRA_CA_CERTS: cafile }),
  };
}

/** One of npm's settings: as npm gives it to its scripts, else as it says when asked; undefined where it has none. */
async function npmSetting(key) {
  const given = process.env[`npm_config_${key}`];
  const value = given ?? (await capture('npm', ['config', 'get', key], { cwd: root }).catch(() => ''));
  return ['', 'null', 'undefined'].includes(value.trim()) ? undefined : value.trim();
}

/** What a download that failed leaves to be checked, after what the command itself said. */
function explainNetwork(error) {
  if (error instanceof CommandFailed) {
    error.output = `${error.output.trimEnd()}\nIf it is the network: check the connection, the proxy (HTTPS_PROXY), and "npm config get registry" and "npm config get cafile".`;
  }
  throw error;
}

/** Lets npx fetch Node and pnpm into npm's cache and says where they are. */
function fetchTools() {
  const report =
    'node -e "console.log(JSON.stringify({node:process.execPath,path:process.env.PATH.split(path.delimiter)}))"';
  fetched ??= step(progress, `Fetching Node ${NODE_VERSION} and pnpm ${PNPM_VERSION}`, async () => {
    const packages = ['-p', `node@${NODE_VERSION}`, '-p', `pnpm@${PNPM_VERSION}`];
    const fetching = [
      '--loglevel=error',
      `--fetch-retries=${FETCH_RETRIES}`,
      '-y',
      ...packages,
      '-c',
      report,
    ];
    const output = await capture('npx', fetching, { cwd: root }).catch(explainNetwork);
    const { node, path } = JSON.parse(output);
    const pnpm = path
      .map((folder) => join(dirname(folder), 'pnpm/bin/pnpm.mjs'))
      .find((candidate) => existsSync(candidate));
    if (pnpm === undefined) throw new Error(`npx did not provide pnpm ${PNPM_VERSION}`);
    return { node, pnpm };
  });
  return fetched;
}

/** Starts the command in a process group of its own, hands each signal to it once, and ends as it ends. */
function runTask(node, env) {
  const lifeline = pathToFileURL(join(root, 'scripts/lifeline.mjs')).href;
  const child = spawn(node, ['--import', lifeline, ...task.run.map(fromRoot), ...args], {
    cwd: task.cwd ?? root,
    detached: process.platform !== 'win32',
    env: { ...env, SPANLEDGER_TOOLCHAIN: String(process.pid) },
    stdio: 'inherit',
  });
  const last = new Map();
  onSignal = (signal) => {
    const now = performance.now();
    if (now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS) return;
    last.set(signal, now);
    child.kill(signal);
  };
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (status, signal) => {
    process.exit(status ?? 128 + constants.signals[signal]);
  });
}

/** Files of the checkout are given to Node by their whole path, options and names as they are. */
function fromRoot(part) {
  return /^(packages|scripts)\//.test(part) ? join(root, part) : part;
}

function digest(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function readCache() {
  try {
    const value = JSON.parse(readFileSync(cacheFile, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Absent or torn: as on the first start.
    return {};
  }
}

function writeCache(before, after) {
  if (before.node === after.node && before.lockfile === after.lockfile) return;
  mkdirSync(dirname(cacheFile), { recursive: true });
  writeFileSync(cacheFile, `${JSON.stringify(after)}\n`);
}
