import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FinishedDemo, runDemoOnce } from './demo/demo-run.ts';
import { runCli } from './support/run-cli.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const manifest: { scripts: Record<string, string> } = JSON.parse(
  await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
);

/** The command lines of the README that run the command from the checkout, as lists of arguments. */
const commands = [...readme.matchAll(/^\$ npm run spanledger -- (.+)$/gm)].map(([, line]) =>
  [...(line ?? '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
);

describe('the README', () => {
  let demo: FinishedDemo;

  beforeAll(async () => {
    demo = await runDemoOnce({});
  });
  afterAll(() => demo.remove());

  it('has commands to try, on what the demo has kept', () => {
    expect(demo.exitCode, demo.stderr).toBe(0);
    expect(commands.length).toBeGreaterThan(4);
  });

  it.each(commands.map((args) => [args.join(' '), args] as const))('can be followed: %s', async (_, args) => {
    const { status, stdout, stderr } = await runCli(
      args.map((arg) => (arg === './data' ? demo.directory : arg)),
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\S/);
    expect(stdout).not.toMatch(/No record/);
    expect(status).toBe(0);
  });

  it('can be piped: npm adds nothing to what --json prints', async () => {
    const { stdout } = await promisify(execFile)(
      'npm',
      ['run', 'spanledger', '--', 'sessions', '--data', demo.directory, '--json'],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
    );
    const sessions: { user_id: string }[] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(sessions.map(({ user_id }) => user_id)).toContain('alice');
  });

  it('names scripts that exist', () => {
    for (const [, name] of readme.matchAll(/npm (?:run )?([a-z]+)/g)) {
      expect(manifest.scripts).toHaveProperty(name ?? '');
    }
  });
});
