import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Prints how large, in MiB, the heap of a thread with a young part of 24 MB may become. */
const SCRIPT = `
  import { Worker } from 'node:worker_threads';
  import { tuneHeap } from '${new URL('../../../packages/exporter/src/heap-tuning.ts', import.meta.url).href}';
  tuneHeap();
  new Worker('import v8 from "node:v8"; console.log(v8.getHeapStatistics().heap_size_limit / 2 ** 20)', {
    eval: true,
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 24 },
  });
`;

test('a thread keeps to its own limit, whatever the process was started with for its first', async () => {
  const args = ['--max-semi-space-size=64', '--input-type=module', '--eval', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: {} });
  expect(Number(stdout)).toBe(128 + 24);
});
