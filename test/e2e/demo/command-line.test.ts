import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { DEMO_SCRIPT } from './demo-run.ts';

describe('the command line of the demo', () => {
  it('explains itself', () => {
    const { status, stdout } = spawnSync(process.execPath, [DEMO_SCRIPT, '--help'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toContain('--once');
  });

  it('exits with 2 when it does not know an option', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO_SCRIPT, '--twice'], {
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('--twice');
  });
});

describe('a data directory that is none', () => {
  const run = (...args: string[]): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } =>
    spawnSync(process.execPath, [DEMO_SCRIPT, '--once', '--data', DEMO_SCRIPT, ...args], {
      encoding: 'utf8',
    });

  it('ends with 2 and says what it should be', () => {
    const { status, stdout, stderr } = run();
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`${DEMO_SCRIPT} cannot be used as a data directory (EEXIST)\n--data takes`);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('is told as JSON where that is asked for', () => {
    const { status, stderr } = run('--json');
    expect(status).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'directory_unusable', message: expect.any(String), hint: expect.any(String) },
    });
  });
});

describe('the demo without --once', () => {
  it('shows everything, serves on, and leaves nothing behind after Ctrl-C', async () => {
    const demo = spawn(process.execPath, [DEMO_SCRIPT], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(demo, 'close');
    const { lines, seen } = readLines(demo);
    await seen(/^Serving until Ctrl-C/);
    const shown = lines.join('\n');
    for (const title of ['The sessions found', 'from login to logout', 'What was expected', 'The ledger']) {
      expect(shown).toContain(title);
    }
    const url = / --url (http:\S+)/.exec(shown)?.[1] ?? '';
    expect((await fetch(`${url}/checkpoint`)).status).toBe(200);
    const directory = /data in (\S+)/.exec(shown)?.[1]?.replace(/,$/, '') ?? '';
    expect(existsSync(directory)).toBe(true);

    demo.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(directory)).toBe(false);
    await expect(fetch(`${url}/checkpoint`)).rejects.toThrow();
    for (const [, address = ''] of shown.matchAll(/(?:shop|provider) on (http:\S+)/g)) {
      await expect(fetch(address)).rejects.toThrow();
    }
  });

  it('stops early when it is interrupted early', async () => {
    const demo = spawn(process.execPath, [DEMO_SCRIPT], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(demo, 'close');
    const { lines, seen } = readLines(demo);
    await seen(/shop on http/);
    demo.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    const addresses = [...lines.join('\n').matchAll(/ on (http:\/\/127\.0\.0\.1:\d+)/g)].map(
      ([, url = '']) => url,
    );
    expect(addresses).toHaveLength(3);
    for (const address of addresses) await expect(fetch(address)).rejects.toThrow();
  });
});

function readLines(child: ChildProcess): { lines: string[]; seen: (pattern: RegExp) => Promise<void> } {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve();
    });
  }
  const seen = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      if (lines.some((line) => pattern.test(line))) resolve();
      waiting.push({ pattern, resolve });
      child.once('close', () => reject(new Error(`the demo ended:\n${lines.join('\n')}`)));
    });
  return { lines, seen };
}
