import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../packages/cli/src/program.ts';
import { runHere, testContext } from '../../support/cli/context.ts';

const DOCUMENT = new URL('../../../docs/cli.md', import.meta.url);
const START = '<!-- help: start; written by UPDATE_DOCS=1 vitest run test/unit/cli/help.test.ts -->';
const END = '<!-- help: end -->';

const commands = (await createProgram(testContext())).commands.map((command) => command.name());

async function helpOf(command: string): Promise<string> {
  const { status, stdout } = await runHere([...command.split(' ').filter(Boolean), '--help']);
  expect(status).toBe(0);
  return stdout;
}

describe('help', () => {
  it('knows the commands', () => {
    expect(commands).toEqual([
      'serve',
      'search',
      'sessions',
      'session',
      'oidc-tokens',
      'oidc-token',
      'attempts',
      'show',
      'tail',
      'proof',
      'verify',
      'reindex',
      'witness',
      'keys',
      'alerts',
      'subject',
      'hold',
      'retention',
      'reconcile',
      'policy',
      'privacy',
      'tokens',
      'setup',
      'spool',
      'doctor',
    ]);
  });

  it.each(commands)('of %s has examples of that command', async (command) => {
    const help = await helpOf(command);
    const examples = help.split('Examples:\n')[1] ?? '';
    expect(examples).toContain(`  $ spanledger ${command}`);
    expect(help).toContain('--json');
  });

  it('fits a narrow terminal, and does not fill a wide one', async () => {
    const longest = async (columns: number): Promise<number> => {
      const { stdout } = await runHere(['search', '--help'], { columns });
      // Examples are there to be copied, and stay in one line.
      const [text = ''] = stdout.split('Examples:');
      return Math.max(...text.split('\n').map((line) => line.length));
    };
    expect(await longest(70)).toBeLessThanOrEqual(70);
    expect(await longest(300)).toBe(await longest(110));
  });

  it('says what the exit status means', async () => {
    expect(await helpOf('')).toMatch(/Exit status:\n {2}0.*\n {2}1.*\n {2}2.*\n {2}3/);
  });

  it('is what docs/cli.md says', async () => {
    const sections = await Promise.all(
      [...commands, 'setup elasticsearch'].map(
        async (command) => `## ${command}\n\n\`\`\`text\n${(await helpOf(command)).trimEnd()}\n\`\`\`\n`,
      ),
    );
    const expected = `${START}\n\n${sections.join('\n')}\n${END}`;
    const text = await readFile(DOCUMENT, 'utf8');
    const [before = '', rest = ''] = text.split(START);
    const [, after = ''] = rest.split(END);
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(DOCUMENT, `${before}${expected}${after}`);
    else expect(text).toContain(expected);
  });
});

describe('usage', () => {
  it('without a command: the help on stderr, and 2', async () => {
    const { status, stdout, stderr } = await runHere([]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: spanledger');
  });

  it.each([
    [['serch'], /unknown command 'serch'[^]*Did you mean search/],
    [['search', '--limt', '3'], /unknown option '--limt'[^]*See spanledger search --help/],
    [['search', '--limit', 'many'], /whole number/],
    [['search', '--since', 'yesterday'], /15m, 2h or 7d/],
    [['search', '--data', 'x', '--url', 'http://127.0.0.1:1'], /cannot be used with/],
    [['search', '--url', 'not a url'], /is not the address of a service/],
    [['show'], /missing required argument 'id'/],
    [['verify', '--proof', 'p'], /--proof needs the record/],
    [['verify', 'r.json', '--known', 'c'], /--known belongs to/],
    [['verify', '--quorum', '1'], /--quorum needs the witnesses/],
    [['verify', '--witness', 'x', '--quorum', 'most'], /how many witnesses must have signed/],
    [['witness'], /required option '--data/],
    [['serve', '--port', '70000'], /port number/],
  ])('%j is refused with 2', async (args, message) => {
    const { status, stdout, stderr } = await runHere(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('points at the mistake in a query', async () => {
    const { status, stderr } = await runHere(['search', 'user.id:alice and (x', '--data', '/nowhere']);
    expect(status).toBe(2);
    expect(stderr).toContain(`  user.id:alice and (x\n  ${' '.repeat(18)}^\n`);
  });

  it('tells errors as JSON where that is asked for', async () => {
    const { stdout, stderr } = await runHere(['search', 'a and (b', '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'query_unbalanced', message: expect.any(String), hint: expect.any(String), position: 6 },
    });
  });
});
