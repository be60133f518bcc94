import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replayRemoteAlerts, rotateKeyEncryptionKey, type Service } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runHere } from '../../support/cli/context.ts';
import { ask } from '../../support/exporter/ask.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const CHILD = join(import.meta.dirname, 'rotate-kek-child.ts');

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let running: Service | undefined;

beforeEach(async () => {
  data = await makeDataDirectory();
  await serve({}, async (service) => {
    const spans = ['alice', 'bob'].map((who) =>
      createSender('shop').span({ attributes: sessionAttributes(who, `of ${who}`) }),
    );
    const { ok } = await sendTraces(service.url, toProtobuf(spans));
    if (!ok) throw new Error('the service refused spans');
  });
});

afterEach(async () => {
  await running?.close();
  await data.remove();
});

async function serve(env: NodeJS.ProcessEnv, use: (service: Service) => Promise<void>): Promise<void> {
  running = await startTestService(data.path, env);
  await use(running);
  await running.close();
  running = undefined;
}

/** Finds a record by what only its opened groups say. */
const RULES = `rules:
  - { id: seen-alice, name: Alice was here, version: 1, severity: low, select: { x: { user.id: alice } }, group_by: [], alert_if: { count: 1 } }
`;

/** Under these keys everything is there, and old and new records are found. */
async function expectAll(env: NodeJS.ProcessEnv, isReplayed = false): Promise<void> {
  await serve(env, async (service) => {
    await waitFor('alice', async () => {
      const { text } = await ask(`${service.url}/api/records?query=user.id:alice`);
      return JSON.parse(text).records?.length === 1;
    });
    if (!isReplayed) return;
    // By a thread that is started while the service runs, and opens everything anew.
    const rules = { name: 'rules.yaml', text: RULES };
    const people: (string | undefined)[] = [];
    for await (const { rule, user_id: user } of replayRemoteAlerts(service.url, { rules })) {
      if (rule === 'seen-alice') people.push(user);
    }
    expect(people).toEqual(['alice']);
  });
}

async function recorded(): Promise<unknown[]> {
  const entries = (await readEntries(data.path)).map((entry) => JSON.parse(JSON.stringify(entry)));
  return entries.flatMap(({ audit, event }) => (event.action === 'vault.kek.rotated' ? [audit.kek] : []));
}

async function killedAfter(step: string, kek: string): Promise<void> {
  const child = spawn(process.execPath, [CHILD, data.path, kek, step], { stdio: 'inherit' });
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
}

test.each(['vault', 'decided', 'index.key.next installed'])(
  'killed after %s: the service starts with the one key that counts, and records a change that came about once',
  async (step) => {
    const kek = randomBytes(32).toString('base64');
    const isDecided = step !== 'vault';
    await killedAfter(step, kek);
    const before = await makeDataDirectory();
    await cp(data.path, before.path, { recursive: true });
    // The other key is refused; that it was tried does no harm.
    const other = isDecided ? {} : { SPANLEDGER_KEK: kek };
    await expect(startTestService(data.path, other)).rejects.toMatchObject({
      code: isDecided ? 'key_missing' : 'key_mismatch',
    });
    await expectAll(isDecided ? { SPANLEDGER_KEK: kek } : {});
    await expectAll(isDecided ? { SPANLEDGER_KEK: kek } : {});
    expect(await recorded()).toHaveLength(isDecided ? 1 : 0);
    expect((await verifyDirectory(data.path)).failures).toEqual([]);
    const { stdout } = await runHere(['doctor', '--data', before.path]);
    expect(stdout.includes('a change of the key-encryption key was interrupted')).toBe(isDecided);
    // Whoever runs the command again instead has it done as well.
    const again = await rotateKeyEncryptionKey({
      directory: before.path,
      current: { kek: undefined, kekCommand: undefined },
      next: { place: 'environment', kek },
    });
    expect(again.outcome).toBe(isDecided ? 'finished' : 'rotated');
    await before.remove();
  },
  60_000,
);

test('from a file to the environment, to a command and back, each recorded; beside a service it is refused', async () => {
  const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const none = { kek: undefined, kekCommand: undefined };
  const command = [process.execPath, '-p', JSON.stringify(two)];
  const directory = data.path;
  await serve({}, async () => {
    const next = { place: 'environment', kek: one } as const;
    await expect(rotateKeyEncryptionKey({ directory, current: none, next })).rejects.toMatchObject({
      code: 'data_directory_locked',
      hint: expect.stringContaining('Stop the service'),
    });
  });
  const toEnvironment = { directory, current: none, next: { place: 'environment', kek: one } } as const;
  expect((await rotateKeyEncryptionKey(toEnvironment)).outcome).toBe('rotated');
  expect(await readdir(join(directory, 'keys'))).not.toContain('kek');
  expect((await rotateKeyEncryptionKey(toEnvironment)).outcome).toBe('in_force');
  await expectAll({ SPANLEDGER_KEK: one }, true);
  await rotateKeyEncryptionKey({
    directory,
    current: { ...none, kek: one },
    next: { place: 'command', command },
  });
  await expect(startTestService(directory, { SPANLEDGER_KEK: one })).rejects.toMatchObject({
    code: 'key_mismatch',
  });
  await expectAll({ SPANLEDGER_KEK_COMMAND: JSON.stringify(command) }, true);
  // As people do it.
  const env = { SPANLEDGER_KEK_COMMAND: JSON.stringify(command) };
  const refused = await runHere(['keys', 'rotate-kek', '--data', directory], { env });
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringContaining('SPANLEDGER_NEW_KEK_COMMAND'),
  ]);
  const done = await runHere(['keys', 'rotate-kek', '--data', directory, '--to', 'file', '--json'], { env });
  expect([done.status, done.stderr]).toEqual([0, '']);
  expect(JSON.parse(done.stdout)).toMatchObject({
    done: true,
    outcome: 'rotated',
    from: 'command',
    to: 'file',
  });
  await expectAll({});
  expect(await recorded()).toMatchObject([
    { from: 'file', to: 'environment' },
    { from: 'environment', to: 'command' },
    { from: 'command', to: 'file' },
  ]);
  expect((await verifyDirectory(directory)).failures).toEqual([]);
}, 60_000);
