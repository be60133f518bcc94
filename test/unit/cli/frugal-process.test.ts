import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startFrugally, type StartedProcess } from '../../../packages/cli/src/frugal-process.ts';

type Begun = [file: string, args: readonly string[], env: NodeJS.ProcessEnv];

/** What a process would begin anew as. */
function beginAnew(changes: Partial<StartedProcess> = {}): Begun[] {
  const begun: Begun[] = [];
  startFrugally({
    platform: 'linux',
    execPath: process.execPath,
    execArgv: ['--enable-source-maps'],
    argv: [process.execPath, '/app/main.js', 'serve', '--port', '0'],
    env: { PATH: '/bin' },
    connected: false,
    execve: (...call) => begun.push(call),
    ...changes,
  });
  return begun;
}

describe('a process that is going to serve', () => {
  it('begins anew with its own flags, arguments and environment', () => {
    const [[file, args, env] = []] = beginAnew();
    expect(file).toBe(process.execPath);
    expect(args).toEqual([
      process.execPath,
      '--max-semi-space-size=8',
      '--enable-source-maps',
      '/app/main.js',
      'serve',
      '--port',
      '0',
    ]);
    expect(env).toEqual({
      PATH: '/bin',
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '1048576',
      MALLOC_TRIM_THRESHOLD_: '8388608',
    });
  });

  it('does so once, and keeps what somebody has set', () => {
    const [[, , env] = []] = beginAnew({ env: { MALLOC_ARENA_MAX: '8' } });
    expect(env).toHaveProperty('MALLOC_ARENA_MAX', '8');
    expect(beginAnew({ env: env ?? {} })).toEqual([]);
  });

  it('goes on as it is where it cannot', () => {
    expect(beginAnew({ platform: 'darwin' })).toEqual([]);
    expect(beginAnew({ connected: true })).toEqual([]);
    expect(beginAnew({ execPath: '/nowhere/node' })).toEqual([]);
    const execve = (): never => {
      throw new Error('not permitted');
    };
    expect(() => beginAnew({ execve })).not.toThrow();
  });

  it.runIf(process.platform === 'linux')('stays the same process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spanledger-frugal-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const script = join(folder, 'serve.ts');
    const module = new URL('../../../packages/cli/src/frugal-process.ts', import.meta.url);
    await writeFile(
      script,
      `import { startFrugally } from ${JSON.stringify(module.href)};
      startFrugally(process);
      const { pid, execArgv, argv, env } = process;
      console.log(JSON.stringify({ pid, execArgv, args: argv.slice(2), arenas: env.MALLOC_ARENA_MAX }));`,
    );
    const running = promisify(execFile)(process.execPath, [script, 'serve'], { env: {} });
    const { stdout, stderr } = await running;
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      pid: running.child.pid,
      execArgv: ['--max-semi-space-size=8'],
      args: ['serve'],
      arenas: '2',
    });
  });
});
