import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { validateConfiguration } from './collector.ts';
import { shippedConfig, TO_FILE } from './shipped.ts';

const TO_GATEWAY = shippedConfig('telemetry-to-gateway.yaml');
const ENV = { TELEMETRY_FILE: '/nowhere/telemetry.jsonl' };

test.each([
  ['agent.yaml', TO_FILE],
  ['agent.yaml', TO_GATEWAY],
  ['gateway.yaml', TO_FILE],
])('the collector finds nothing wrong with %s and %s', async (name, second) => {
  expect(await validateConfiguration([shippedConfig(name), second], ENV)).toBe('');
});

test.each([
  [
    'a processor that is not defined',
    '[memory_limiter, filter/telemetry,',
    '[memory_limiter, filter/telemtry,',
  ],
  ['a condition that is none', 'span.kind ==', 'span.sort =='],
  ['a field that no queue has', 'block_on_overflow:', 'block_at_overflow:'],
  ['a storage that is not there', 'storage: file_storage/audit', 'storage: file storage'],
])('and tells %s', async (_what, good, bad) => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-collector-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const text = await readFile(shippedConfig('agent.yaml'), 'utf8');
  expect(text).toContain(good);
  const file = join(directory, 'agent.yaml');
  await writeFile(file, text.replace(good, bad));
  expect(await validateConfiguration([file, TO_FILE], ENV)).not.toBe('');
});
