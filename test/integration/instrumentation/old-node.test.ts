import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { REGISTER } from '../../support/instrumentation/fixture-process.ts';

/** The Node that the suite was started with, and those on the path: `npm test` brings a newer one of its own. */
const OLD_NODE = [
  process.env['npm_node_execpath'],
  ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node')),
].find((file) => file !== undefined && existsSync(file) && majorOf(file) === 20);

function majorOf(node: string): number {
  return Number.parseInt(execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10);
}

/** On a machine whose only Node is a newer one there is nothing to try. */
test.skipIf(OLD_NODE === undefined).each([
  ['--import', REGISTER],
  ['--import', `${REGISTER.replace('/register', '')}/standalone`],
  ['--require', REGISTER],
])('an application on a Node that is too old runs, and its operator is told: %s %s', (option, entry) => {
  const url = new URL(import.meta.resolve(entry));
  const { status, stdout, stderr } = spawnSync(
    OLD_NODE ?? '',
    [option, option === '--import' ? url.href : url.pathname, '-e', 'console.log("runs")'],
    { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'runs\n' });
  expect(stderr).toMatch(/SPANLEDGER_OLD_NODE.*records nothing: it needs Node.js 22\.15\.0 or later/);
});
