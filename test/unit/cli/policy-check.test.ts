import { describe, expect, it } from 'vitest';
import { runHere } from '../../support/cli/context.ts';

const GOOD = `version: 1
rules:
  - { name: health, match: { route: /healthz }, level: none }
protect:
  - admin-only: /admin/**
`;
const BAD = `version: 1
rules:
  - { name: health, level: none }
  - { name: x, level: ful }
`;

const check = (text: string, ...more: string[]): ReturnType<typeof runHere> =>
  runHere(['policy', 'check', '-', ...more], { readInput: () => Promise.resolve(text) });

describe('policy check', () => {
  it('says of a good file what is in it', async () => {
    const { status, stdout } = await check(GOOD);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^- is good: 1 rules, 1 protected routes, 0 clients\.\nSHA-256 [0-9a-f]{64}\n$/);
    const json: unknown = JSON.parse((await check(GOOD, '--json')).stdout);
    expect(json).toMatchObject({ ok: true, rules: 1, protected_routes: 1, clients: 0 });
  });

  it('lists every problem with its place, and ends with 2', async () => {
    const { status, stdout } = await check(BAD);
    expect(status).toBe(2);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(
        /^-:3:\d+: rules\[0\]\.level: "none" leaves out calls that nobody named; name them/,
      ),
      '-:4:23: rules[1].level: "ful" is no level; write one of none, metadata, request, full',
      '',
    ]);
    const { status: again, stdout: line } = await check(BAD, '--json');
    expect(again).toBe(2);
    expect(JSON.parse(line)).toMatchObject({
      ok: false,
      problems: [{ line: 3 }, { line: 4, column: 23, field: 'rules[1].level', fix: expect.any(String) }],
    });
  });

  it('of a file that is not there says so', async () => {
    const { status, stderr } = await runHere(['policy', 'check', '/nowhere/audit-policy.yaml']);
    expect(status).toBe(3);
    expect(stderr).toContain('/nowhere/audit-policy.yaml cannot be read');
  });
});
