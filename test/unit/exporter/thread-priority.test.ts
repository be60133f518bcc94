import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const SCRIPT = `
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { tuneHeap } from '@spanledger/audit-exporter';
tuneHeap();
const threads = readdirSync('/proc/self/task').map((id) => [
  readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim(),
  getPriority(Number(id)) - getPriority(process.ppid),
]);
console.log(JSON.stringify(threads));
`;

test.runIf(process.platform === 'linux')('what clears up comes behind requests', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  const threads = JSON.parse(output) as [name: string, nice: number][];
  const helpers = threads.filter(([name]) => name === 'V8Worker');
  expect(helpers.length).toBeGreaterThan(0);
  for (const [, nice] of helpers) expect(nice).toBeGreaterThan(0);
  expect(threads.find(([name]) => name === 'MainThread')?.[1]).toBe(0);
});
