import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../../packages/exporter/src/config/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function load(text: string): Promise<ReturnType<typeof loadConfig>['policy']> {
  await writeFile(join(directory, 'spanledger.yaml'), text);
  return loadConfig({ directory, env: {} }).policy;
}

test('without a policy there is none', async () => {
  expect(await load('')).toBeUndefined();
});

test('its file is looked for from the working directory on', async () => {
  expect(await load('policy: { file: p.yaml, skip_window_seconds: 60 }')).toEqual({
    file: join(directory, 'p.yaml'),
    skipWindowMs: 60_000,
  });
});

test.each([
  ['policy: {}', /policy\.file: must name the file/],
  ['policy: { file: "" }', /policy\.file: must name the file/],
  ['policy: { file: p, skip_window_seconds: 0 }', /policy\.skip_window_seconds: must be at least 1/],
  ['policy: { file: p, skip_window_seconds: 301 }', /must be at most 300/],
  ['policy: { file: p, window: 3 }', /policy\.window: there is no such field/],
])('%s', async (text, problem) => {
  await expect(load(text)).rejects.toThrow(problem);
});
