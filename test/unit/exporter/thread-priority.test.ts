import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const SCRIPT = `
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { tuneHeap } from '@spanledger/audit-exporter';
tuneHeap();
for (const id of readdirSync('/proc/self/task')) {
  const name = readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim();
  console.log(name, getPriority(Number(id)) - getPriority(process.ppid));
}
`;

test.runIf(process.platform === 'linux')('what clears up comes behind requests', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  const threads = output.trim().split('\n');
  const helpers = threads.filter((thread) => thread.startsWith('V8Worker'));
  expect(helpers.length).toBeGreaterThan(0);
  for (const helper of helpers) expect(helper).toBe('V8Worker 15');
  expect(threads).toContain('MainThread 0');
});
