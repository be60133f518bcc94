import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/exporter/service.ts';

const SCRIPTS = fileURLToPath(new URL('../../../scripts', import.meta.url));

/** What the command in the checkout does: says what it was given, and, asked to wait, counts the signals it gets. */
const COMMAND = `
process.exitCode = 7;
if (process.argv[2] === 'wait') {
  let signals = 0;
  const stop = (name) => {
    signals += 1;
    setTimeout(() => {
      process.stdout.write(name + ' x' + signals + '\\n');
      process.exit(5);
    }, 700);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  setInterval(() => undefined, 1000);
}
// Whoever reads this may send signals at once.
process.stdout.write(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), pid: process.pid }) + '\\n');
`;

/** A compiler of the kernel that notes each time that it is called. */
const ASC = `
const { appendFileSync, writeFileSync } = require('node:fs');
writeFileSync(process.argv[process.argv.indexOf('-o') + 1], '');
appendFileSync('compiled.txt', 'once\\n');
`;

let root = '';
let build = '';
let kernel = '';

/** A checkout in which everything is in place already, with a compiler that does what a test wants. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'spanledger-toolchain-'));
  build = '';
  kernel = ASC;
  await cp(SCRIPTS, join(root, 'scripts'), { recursive: true });
  await put('pnpm-lock.yaml', 'lock');
  await put('pnpm-workspace.yaml', 'workspace');
  await put('node_modules/.modules.yaml', '');
  await put('packages/cli/dist/main.js', COMMAND);
  for (const source of [
    'kernel/index.ts',
    'src/receive/kernel/layout.ts',
    'src/receive/transcode/steps.ts',
  ]) {
    await put(join('packages/exporter', source), '');
  }
  const lockfile = createHash('sha256').update('lock').update('workspace').digest('hex');
  await put(
    'node_modules/.cache/spanledger/toolchain.json',
    JSON.stringify({ node: process.execPath, lockfile }),
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

interface Running {
  output: { stdout: string; stderr: string };
  kill: (signal: NodeJS.Signals) => void;
  ended: Promise<number | null>;
}

async function start(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  await put('node_modules/typescript/bin/tsc', build);
  await put('packages/exporter/node_modules/assemblyscript/bin/asc.js', kernel);
  const child = spawn(process.execPath, [join(root, 'scripts/toolchain.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: root, npm_lifecycle_event: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
  return {
    output,
    kill: (signal) => child.kill(signal),
    ended: once(child, 'close').then(() => child.exitCode),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the toolchain', () => {
  it('hands arguments on as they are, and the exit status back', async () => {
    const awkward = ['a b', "it's", '"quoted"', '$HOME', '*', '--json', '', '; exit 1'];
    const running = await start(['spanledger', ...awkward]);
    expect(await running.ended).toBe(7);
    expect(JSON.parse(running.output.stdout)).toMatchObject({ args: awkward, cwd: root });
    expect(running.output.stderr).toBe('');
  });

  it('says what takes long, on standard error where standard output belongs to the command', async () => {
    build = 'setTimeout(() => undefined, 1300);';
    const running = await start(['spanledger', 'x']);
    expect(await running.ended).toBe(7);
    expect(running.output.stderr).toMatch(/^Building … \d+\.\d s\n$/);
    expect(running.output.stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('prints what the compiler said when it fails, and runs nothing', async () => {
    build = 'console.log("src/a.ts(1,1): error TS1000: no"); process.exit(2);';
    const running = await start(['spanledger', 'x']);
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toContain('error TS1000: no');
    expect(running.output.stdout).toBe('');
  });

  it('prints what the compiler of the kernel said when it fails, and runs nothing', async () => {
    kernel = 'console.error("ERROR TS2322: no"); process.exit(1);';
    const running = await start(['spanledger', 'x']);
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toContain('ERROR TS2322: no');
    expect(running.output.stdout).toBe('');
  });

  it('compiles the kernel again when what it is made of has changed', async () => {
    const compiled = async (): Promise<number> => {
      await (
        await start(['spanledger', 'x'])
      ).ended;
      return (await readFile(join(root, 'compiled.txt'), 'utf8')).trim().split('\n').length;
    };
    expect(await compiled()).toBe(1);
    const before = new Date(Date.now() - 60_000);
    for (const file of [
      'kernel/index.ts',
      'src/receive/kernel/layout.ts',
      'src/receive/transcode/steps.ts',
    ]) {
      await utimes(join(root, 'packages/exporter', file), before, before);
    }
    const after = new Date(Date.now() + 60_000);
    await utimes(join(root, 'packages/exporter/dist/span-kernel.wasm'), after, after);
    expect(await compiled()).toBe(1);
    await utimes(join(root, 'packages/exporter/kernel/index.ts'), after, new Date(Date.now() + 120_000));
    expect(await compiled()).toBe(2);
  });

  it('knows its tasks', async () => {
    const running = await start(['toString']);
    expect(await running.ended).toBe(2);
    expect(running.output.stderr).toContain('demo|spanledger|test|bench|kibana|evaluate|prove|verify');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('hands %s on once, though it comes twice', async (signal) => {
    const running = await start(['spanledger', 'wait']);
    await waitFor('the command', () => running.output.stdout.includes('\n'));
    running.kill(signal);
    running.kill(signal);
    expect(await running.ended).toBe(5);
    expect(running.output.stdout).toContain(`${signal} x1\n`);
  });

  it('leaves nothing behind when it is killed outright', async () => {
    const running = await start(['spanledger', 'wait']);
    await waitFor('the command', () => running.output.stdout.includes('\n'));
    const pid = Number(/"pid":(\d+)/.exec(running.output.stdout)?.[1]);
    running.kill('SIGKILL');
    await waitFor('the end of the command', () => !isAlive(pid));
    await running.ended;
  });

  it('remembers what it has found out', async () => {
    const cache = join(root, 'node_modules/.cache/spanledger/toolchain.json');
    const before = await readFile(cache, 'utf8');
    await (
      await start(['spanledger'])
    ).ended;
    expect(await readFile(cache, 'utf8')).toBe(before);
  });
});

describe('the installation', () => {
  const npm = {
    npm_config_cafile: undefined,
    npm_config_registry: undefined,
    NODE_EXTRA_CA_CERTS: undefined,
  };
  const seen = (): Promise<string> => readFile(join(root, 'seen'), 'utf8');

  /** A checkout that was never installed, with a pnpm and an npm that say what they were given. */
  async function installWith(pnpm: string, env: NodeJS.ProcessEnv = {}): Promise<Running> {
    await put('node_modules/.cache/spanledger/toolchain.json', '{}');
    const version = /PNPM_VERSION = '(.*)'/.exec(await readFile(join(SCRIPTS, 'toolchain.mjs'), 'utf8'))?.[1];
    const report = `echo "$@" "ca=$NODE_EXTRA_CA_CERTS" "registry=$pnpm_config_registry" > seen`;
    await put('bin/pnpm', `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\n${report}\n${pnpm}\n`);
    await put('bin/npm', '#!/bin/sh\n[ "$3" = cafile ] && echo /etc/own-ca.pem || echo null\n');
    for (const name of ['pnpm', 'npm']) await chmod(join(root, 'bin', name), 0o755);
    // Found as the Node to run it all with, whatever runs this test.
    const PATH = `${join(root, 'bin')}:${process.env['PATH']}`;
    return start(['spanledger'], { ...npm, PATH, ...env });
  }

  it('hands on what npm was told of registry and certificates, and does not try for minutes', async () => {
    const settings = { npm_config_cafile: '/etc/ca.pem', npm_config_registry: 'https://npm.example/' };
    const running = await installWith('exit 0', settings);
    expect(await running.ended).toBe(7);
    expect(await seen()).toBe(
      'install --frozen-lockfile --fetch-retries 1 ca=/etc/ca.pem registry=https://npm.example/\n',
    );
  });

  it('asks npm where its environment does not say', async () => {
    await (
      await installWith('exit 0')
    ).ended;
    expect(await seen()).toMatch(/ca=\/etc\/own-ca\.pem registry=\n$/);
  });

  it('that fails says what to check', async () => {
    const running = await installWith('echo "ERR_PNPM_META_FETCH_FAIL"; exit 1');
    expect(await running.ended).toBe(1);
    expect(running.output.stderr).toMatch(/ERR_PNPM_META_FETCH_FAIL[^]*proxy[^]*registry[^]*cafile/);
  });
});
