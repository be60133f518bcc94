import { expect, test } from 'vitest';
import { environmentKek, kekEnvironment } from '../../../../packages/exporter/src/environment-kek.ts';

const KEK = Buffer.alloc(32, 7).toString('base64');

function bring(script: string): Promise<string | undefined> {
  const command = JSON.stringify([process.execPath, '-e', script]);
  return environmentKek(kekEnvironment({ SPANLEDGER_KEK_COMMAND: command }));
}

test('the key comes from the variable, from what a command prints, or from nowhere', async () => {
  expect(await environmentKek(kekEnvironment({ SPANLEDGER_KEK: KEK }))).toBe(KEK);
  expect(await bring(`console.log(${JSON.stringify(KEK)})`)).toBe(KEK);
  expect(await environmentKek(kekEnvironment({}))).toBeUndefined();
  expect(
    await environmentKek(kekEnvironment({ SPANLEDGER_KEK: '', SPANLEDGER_KEK_COMMAND: '' })),
  ).toBeUndefined();
});

test.each([
  ['fails', `console.log('S3CRET'); process.exit(3)`, /did not bring the key \(3\)/],
  ['prints something else', `console.log('S3CRET')`, /something else than a key/],
  ['prints too much', `console.log('S3CRET'.repeat(10_000))`, /did not bring the key/],
])('a command that %s brings none, and what it printed is in no message', async (_what, script, message) => {
  const failure = await bring(script).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'key_missing', message: expect.stringMatching(message) });
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('S3CRET');
});

test('what names no program is no command', () => {
  for (const text of ['kms unwrap', '[]', '[1]', '[""]', '{}']) {
    expect(kekEnvironment({ SPANLEDGER_KEK_COMMAND: text }).kekCommand, text).toBeUndefined();
  }
});
