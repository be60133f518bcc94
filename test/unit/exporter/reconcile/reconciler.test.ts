import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordDraft } from '@spanledger/record';
import { expect, onTestFinished, test } from 'vitest';
import { Reconciler } from '../../../../packages/exporter/src/reconcile/index.ts';
import { waitFor } from '../../../support/exporter/service.ts';

const HOUR_MS = 3_600_000;
const ISSUER = 'https://sso.example/realms/shop';

/** A realm where nothing happens; `answers: false` leaves every question open, a `status` refuses them. */
async function quietRealm({ answers = true, status = 200 } = {}): Promise<string> {
  const server = createServer((request, response) => {
    response.statusCode = status;
    if (answers) response.end(request.method === 'POST' ? '{"access_token":"t"}' : '[]');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

interface Setting {
  url: string;
  /** What the note says. */
  note?: string;
  /** The end of the last window that the ledger tells of. */
  recordedTo?: string;
}

async function start({
  url,
  note,
  recordedTo,
}: Setting): Promise<{ reconciler: Reconciler; drafts: RecordDraft[]; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'spanledger-reconciler-'));
  const file = join(folder, 'reconciler.json');
  if (note !== undefined) await writeFile(file, note);
  const drafts: RecordDraft[] = [];
  const reconciler = new Reconciler({
    keycloak: {
      url,
      realm: 'shop',
      issuer: ISSUER,
      clientId: 'reader',
      secret: { value: 'secret', file: undefined },
      everyMs: HOUR_MS,
      settleMs: 0,
    },
    stateFile: file,
    records: {
      search: ({ query }) => {
        const isAsked = query.startsWith('event.action:reconciliation.completed') && recordedTo !== undefined;
        return Promise.resolve({
          records: isAsked ? [{ audit: { reconciliation: { to: recordedTo } } }] : [],
        });
      },
    },
    caughtUp: () => Promise.resolve(),
    append: (more) => {
      drafts.push(...more);
      return Promise.resolve();
    },
    log: { error: () => undefined, info: () => undefined, warn: () => undefined },
  });
  await reconciler.start();
  onTestFinished(async () => {
    await reconciler.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { reconciler, drafts, file };
}

function noteOf(throughMs: number): string {
  return JSON.stringify({ issuer: ISSUER, through_ms: throughMs });
}

test('a turn makes up for what was missed, in windows of an hour, and then ends', async () => {
  const fromMs = Date.now() - 2.5 * HOUR_MS;
  const { reconciler, drafts, file } = await start({ url: await quietRealm(), note: noteOf(fromMs) });
  await waitFor('the windows', () => drafts.length >= 3);
  // A turn that went after the time that passes meanwhile would be in its next window by now.
  await delay(200);
  expect(drafts.map(({ id }) => Number(id.split('-').at(-1)))).toEqual([
    fromMs,
    fromMs + HOUR_MS,
    fromMs + 2 * HOUR_MS,
  ]);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    issuer: ISSUER,
    through_ms: reconciler.status().throughMs,
  });
});

test.each([
  ['older than the ledger', (doneMs: number) => noteOf(doneMs - HOUR_MS)],
  ['lost', () => undefined],
  ['damaged', () => '{"issuer":'],
])('a note that is %s: the ledger knows what is done', async (_what, note) => {
  const doneMs = Date.now() - HOUR_MS / 2;
  const text = note(doneMs);
  const { drafts } = await start({
    url: await quietRealm(),
    recordedTo: new Date(doneMs).toISOString(),
    ...(text !== undefined && { note: text }),
  });
  await waitFor('the window', () => drafts.length > 0);
  expect(drafts.map(({ id }) => Number(id.split('-').at(-1)))).toEqual([doneMs]);
});

test('a realm that refuses is told of at once, before there is anything to compare', async () => {
  const { reconciler, drafts } = await start({ url: await quietRealm({ status: 401 }) });
  await waitFor('the warning', () => reconciler.warnings().length > 0);
  const [warning] = reconciler.warnings();
  expect(warning?.message).toContain('Keycloak refuses /realms/shop/protocol/openid-connect/token with 401');
  expect(warning?.hint).toContain('view-events');
  expect(drafts).toEqual([]);
});

test('a stop waits for no answer', async () => {
  const url = await quietRealm({ answers: false });
  const { reconciler, drafts } = await start({ url, note: noteOf(Date.now() - HOUR_MS) });
  await delay(50);
  await reconciler.stop();
  expect(drafts).toEqual([]);
  expect(reconciler.warnings()).toEqual([]);
}, 10_000);
