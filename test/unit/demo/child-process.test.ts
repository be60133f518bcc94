import { describe, expect, it } from 'vitest';
import { startChild, type ChildProgram } from '../../../packages/demo/src/child-process.ts';

const never = new AbortController().signal;

function program(source: string): ChildProgram {
  return {
    name: 'the program',
    args: ['--input-type=module', '--eval', source],
    cwd: process.cwd(),
    env: process.env,
    ready: /^listening on (\S+)$/,
  };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('startChild', () => {
  it('waits for the address, and ends the program', async () => {
    const child = await startChild(
      program("console.log('listening on here'); setInterval(() => {}, 1000)"),
      never,
    );
    expect(child.url).toBe('here');
    expect(isRunning(child.pid)).toBe(true);
    await child.stop();
    expect(isRunning(child.pid)).toBe(false);
  });

  it('says how a program failed that ended first, and shows what it said', async () => {
    const failing = program("console.error('no such key'); process.exitCode = 3");
    await expect(startChild(failing, never)).rejects.toMatchObject({
      code: 'child_failed',
      message: expect.stringMatching(/the program ended with status 3:\nno such key/),
    });
  });

  it('tells when a program ends that was not asked to', async () => {
    const child = await startChild(
      program("console.log('listening on here'); setTimeout(() => {}, 50)"),
      never,
    );
    await expect(child.failed).rejects.toMatchObject({ code: 'child_failed' });
  });

  it('gives up when it is interrupted, and leaves nothing running', async () => {
    const interrupt = new AbortController();
    const starting = startChild(program('setInterval(() => {}, 1000)'), interrupt.signal);
    interrupt.abort();
    await expect(starting).rejects.toMatchObject({ code: 'interrupted' });
  });
});
