import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { at, Story } from '../../integration/exporter-sessions/story.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  waitFor,
} from '../../support/exporter/service.ts';
import { toProtobuf } from '../../support/exporter/spans.ts';

const SESSIONS = 12;

/** A kill after so many of them, in the midst of what follows from them. */
const KILL_EVERY = 3;

function tables(directory: string): unknown {
  using database = new DatabaseSync(join(directory, 'sessions', 'sessions.db'), { readOnly: true });
  return ['sessions', 'tokens', 'actor_ends'].map((table) =>
    database.prepare(`SELECT * FROM ${table}`).all(),
  );
}

test('kill -9 while sessions end and are used: what follows is recorded once, and a rebuild gives the same', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  // What alerts would add of their own is told by their own tests.
  await writeFile(join(data.path, 'spanledger.yaml'), 'alerts: { enabled: false }\n');
  await using service = new ServiceProcess(data.path);
  await service.start();
  for (let i = 0; i < SESSIONS; i++) {
    const story = new Story();
    const actor = { user: `user-${i}`, sid: `sid-${i}`, client: 'web' };
    const token = { id: `jti-${i}`, from: 0, to: 10 };
    story.event(0, 'shop', 'oidc.token.issued', actor, { 'oidc.scope': ['a'] }, token);
    story.call(1, 'shop', actor, {}, token);
    story.event(2, 'shop', 'oidc.session.ended', actor, { 'oidc.session.end_reason': 'logout' });
    story.call(3, 'shop', actor, {}, token);
    const response = await sendTraces(service.url ?? '', toProtobuf(story.spans));
    expect(response.status).toBe(200);
    if (i % KILL_EVERY === 0) {
      await service.kill();
      await service.start();
    }
  }
  await service.kill();

  const derived = async (): Promise<string[]> =>
    (await readEntries(data.path)).flatMap(({ event, audit }) =>
      Object(event).kind === 'state' ? [String(Object(audit).record.id)] : [],
    );
  const followed = await startTestService(data.path);
  // Of each session, that it was used after its end, and that its token was.
  await waitFor('all that follows', async () => (await derived()).length >= 2 * SESSIONS);
  await followed.close();
  const found = await derived();
  expect(new Set(found).size).toBe(found.length);
  expect(found).toHaveLength(2 * SESSIONS);

  const kept = tables(data.path);
  await rm(join(data.path, 'sessions'), { recursive: true });
  const rebuilt = await startTestService(data.path);
  await rebuilt.close();
  expect(tables(data.path)).toEqual(kept);
  expect(await derived()).toEqual(found);
  expect(JSON.stringify(kept)).toContain(at(2));
}, 120_000);
