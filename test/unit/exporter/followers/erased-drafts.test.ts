import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import {
  type DerivedDraft,
  deriveDraft,
  evidenceOf,
} from '../../../../packages/exporter/src/derived-draft.ts';
import { draftsAbout } from '../../../../packages/exporter/src/followers/erased-drafts.ts';
import { Outbox, OUTBOX_SCHEMA } from '../../../../packages/exporter/src/outbox/index.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';
import { inTransaction } from '../../../../packages/exporter/src/transaction.ts';

/** An alert on failed logins: nobody was let in, so that it is nobody's. */
function alert(id: string, told: { address?: string; user?: string; message?: string }): DerivedDraft {
  const { address, user, message = 'Failed logins from one address' } = told;
  return deriveDraft({
    id: `alert-${id}`,
    timestamp: '2026-11-22T10:00:00.000000000Z',
    kind: 'alert',
    action: 'alert.raised',
    verb: 'ALERT',
    outcome: 'unknown',
    category: ['intrusion_detection'],
    type: ['info'],
    evidence: evidenceOf([{ id: 'evidence', index: 4 }]),
    party: {
      actorRef: 'the-service',
      actorType: 'system',
      clear: {},
      identity: user === undefined ? {} : { user: { id: user } },
      network: address === undefined ? {} : { client: { address } },
    },
    content: { message },
  });
}

const sealer = createRowSealer(new Uint8Array(32).fill(7), 'alerts');

const ERASED = { names: ['alice-4711', 'Älice Example'], addresses: ['203.0.113.9'] };

test('what waits and names an erased person, or comes from an address that was theirs alone, says nothing of it any more', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(OUTBOX_SCHEMA);
  onTestFinished(() => {
    database.close();
  });
  const outbox = new Outbox(database, 'alert', sealer);
  const drafts = {
    address: alert('1', { address: '203.0.113.9' }),
    name: alert('2', { user: 'alice-4711', address: '192.0.2.1' }),
    text: alert('3', { message: 'älice example tried it twelve times' }),
    written: alert('4', { message: 'from 203.0.113.9: failed logins' }),
    another: alert('5', { address: '203.0.113.90', user: 'alice-47110' }),
    nobody: alert('6', { message: 'alice, example of 4711, not 113.203.0.9' }),
    refused: alert('7', { address: '203.0.113.9' }),
  };
  inTransaction(database, () => {
    for (const draft of Object.values(drafts)) outbox.put(draft);
  });
  outbox.setAside([{ id: 'alert-7', reason: 'too large' }]);

  outbox.strip(draftsAbout(['reference'], ERASED));

  const left = outbox.take(10);
  expect(
    left.filter(({ draft }) => Object.keys(draft.groups).length === 0).map(({ draft }) => draft.id),
  ).toEqual(['alert-1', 'alert-2', 'alert-3', 'alert-4']);
  // That it happened still goes into the ledger; and what is of others is as it was.
  expect(left.map(({ draft }) => draft.id)).toHaveLength(6);
  expect(left[4]).toEqual(drafts.another);
  expect(left[5]).toEqual(drafts.nobody);
  const box = database.prepare('SELECT draft FROM outbox_refused').get()?.['draft'];
  const opened = box instanceof Uint8Array ? sealer.open('alert-7', box) : undefined;
  expect(JSON.parse(Buffer.from(opened ?? []).toString()).draft).toEqual({
    ...drafts.refused.draft,
    groups: {},
  });
});

test('what is of the person is told by the reference, whatever it says', () => {
  const isAbout = draftsAbout(['gone', 'session'], { names: [], addresses: [] });
  const draft = alert('1', {});
  expect(isAbout(draft)).toBe(false);
  expect(isAbout({ ...draft, actorRef: 'gone' })).toBe(true);
  expect(isAbout({ ...draft, sessionRef: 'session' })).toBe(true);
});
