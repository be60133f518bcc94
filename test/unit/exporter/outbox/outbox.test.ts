import { DatabaseSync } from 'node:sqlite';
import type { AuditRecord, JsonObject } from '@spanledger/record';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { deriveDraft, evidenceOf, partyOf } from '../../../../packages/exporter/src/derived-draft.ts';
import type { DerivedDraft } from '../../../../packages/exporter/src/derived-draft.ts';
import { inTransaction } from '../../../../packages/exporter/src/transaction.ts';
import {
  derivedId,
  Outbox,
  OUTBOX_SCHEMA,
  OutboxSender,
} from '../../../../packages/exporter/src/outbox/index.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';

const KEY = new Uint8Array(32).fill(7);
const sealer = createRowSealer(KEY, 'outbox');

function openTable(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec(`CREATE TABLE place (position INTEGER); INSERT INTO place VALUES (0); ${OUTBOX_SCHEMA}`);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

const record: AuditRecord & JsonObject = {
  '@timestamp': '2026-11-22T10:00:00.000000000Z',
  audit: {
    action: 'READ',
    actor: { id: 'actor-ref', type: 'user' },
    ledger: { index: 4, origin: 'shop' },
    outcome: 'success',
    record: { id: 'evidence' },
    schema: { version: '1.0.0' },
    session: { id: 'session-ref' },
  },
  ecs: { version: '9.1.0' },
  event: {
    action: 'GET /',
    category: ['api'],
    dataset: 'spanledger.audit',
    kind: 'event',
    module: 'spanledger',
    outcome: 'success',
    type: ['access'],
  },
  oidc: { issuer: 'https://idp.example', client_id: 'web', acr: '0' },
  service: { name: 'shop', version: '1' },
};
const openings = {
  identity: { salt: 's', value: { user: { id: 'alice', email: 'a@b.c' }, oidc: { session: { id: 'sid' } } } },
  network: { salt: 's', value: { client: { address: '192.0.2.7', port: 1 } } },
};

function draftOf(id: string): DerivedDraft {
  return deriveDraft({
    id,
    timestamp: record['@timestamp'],
    kind: 'alert',
    action: 'alert.raised',
    verb: 'ALERT',
    outcome: 'unknown',
    category: ['intrusion_detection'],
    type: ['info'],
    severity: 73,
    evidence: evidenceOf([{ id: 'evidence', index: 4 }]),
    party: partyOf(record, openings),
    content: { message: 'something' },
  });
}

test('a derived record is whose its evidence is, and is found where that is', () => {
  const { draft, actorRef, sessionRef } = draftOf('alert-1');
  expect([actorRef, sessionRef, draft.subject?.type]).toEqual(['actor-ref', 'session-ref', 'user']);
  expect(draft.clear).toMatchObject({
    oidc: { issuer: 'https://idp.example', client_id: 'web' },
    service: { name: 'shop' },
    event: { kind: 'alert', severity: 73 },
    audit: { evidence: { records: ['evidence'], count: 1, first_index: 4, last_index: 4 } },
  });
  expect(draft.groups).toEqual({
    content: { message: 'something' },
    identity: { oidc: { session: { id: 'sid' } }, user: { id: 'alice' } },
    network: { client: { address: '192.0.2.7' } },
  });
  const erased = partyOf(record, {});
  expect([erased.actorRef, erased.identity, erased.network]).toEqual(['actor-ref', {}, {}]);
});

test('of much evidence the last records are named, and all are counted', () => {
  const many = Array.from({ length: 40 }, (_, i) => ({ id: `r${i}`, index: i }));
  expect(evidenceOf(many)).toMatchObject({ count: 40, first_index: 0, last_index: 39 });
  expect(evidenceOf(many).records).toEqual(many.slice(8).map(({ id }) => id));
  expect(evidenceOf(many.slice(38), 99, 3)).toEqual({
    count: 99,
    first_index: 3,
    last_index: 39,
    records: ['r38', 'r39'],
  });
  expect(() => evidenceOf([])).toThrow(TypeError);
});

test('ids are the same for the same evidence, and no two texts run together', () => {
  expect(derivedId('alert', 'rule', 'a')).toBe(derivedId('alert', 'rule', 'a'));
  expect(derivedId('alert', 'rule', 'a')).toMatch(/^alert-[\w-]{22}$/);
  expect(derivedId('alert', 'rulea', '')).not.toBe(derivedId('alert', 'rule', 'a'));
});

test('rows name nobody, and open under no other key, name or table', () => {
  const database = openTable();
  new Outbox(database, 'alert', sealer).put(draftOf('alert-1'));
  const row = database.prepare('SELECT draft FROM outbox').get()?.['draft'];
  expect(row).toBeInstanceOf(Uint8Array);
  if (!(row instanceof Uint8Array)) return;
  expect(Buffer.from(row).includes('alice')).toBe(false);
  expect(sealer.open('alert-1', row)).toBeDefined();
  expect(sealer.open('alert-2', row)).toBeUndefined();
  expect(createRowSealer(KEY, 'other').open('alert-1', row)).toBeUndefined();
  expect(createRowSealer(new Uint8Array(32), 'outbox').open('alert-1', row)).toBeUndefined();
});

test('what the ledger holds is not kept, whichever came first; records of others are passed over', () => {
  const outbox = new Outbox(openTable(), 'alert', sealer);
  outbox.put(draftOf('alert-1'));
  outbox.put(draftOf('alert-1'));
  outbox.seen('session-1');
  expect(outbox.size).toBe(1);
  outbox.seen('alert-1');
  outbox.seen('alert-2');
  outbox.put(draftOf('alert-2'));
  expect(outbox.size).toBe(0);
  expect(() => {
    outbox.put(draftOf('session-1'));
  }).toThrow(TypeError);
});

test('once in a run, unless it was refused; one message at a time', () => {
  const outbox = new Outbox(openTable(), 'alert', sealer);
  let position = 3;
  const sent: string[][] = [];
  const sender = new OutboxSender([{ position: () => 0 }, { position: () => position, outbox }], (drafts) =>
    sent.push(drafts.map(({ draft }) => draft.id)),
  );
  outbox.put(draftOf('alert-1'));
  sender.flush();
  expect(sent, 'nobody knows yet what is durable').toEqual([]);
  sender.start(4);
  expect(sent, 'the ledger may hold it, further on').toEqual([]);
  position = 4;
  sender.flush();
  outbox.put(draftOf('alert-2'));
  sender.flush();
  expect(sent).toEqual([['alert-1']]);
  sender.settled({ again: ['alert-1'], refused: [] });
  sender.flush();
  expect(sent).toEqual([['alert-1'], ['alert-1', 'alert-2']]);
  sender.settled({ again: [], refused: [] });
  sender.flush();
  expect(sent).toHaveLength(2);
});

test('what the ledger can never take is set aside: not sent again, not derived again, and kept', () => {
  const database = openTable();
  const outbox = new Outbox(database, 'alert', sealer);
  const sent: string[][] = [];
  const sender = new OutboxSender([{ position: () => 0, outbox }], (drafts) =>
    sent.push(drafts.map(({ draft }) => draft.id)),
  );
  for (const id of ['alert-1', 'alert-2', 'alert-3']) outbox.put(draftOf(id));
  sender.start(0);
  sender.settled({ again: ['alert-3'], refused: [{ id: 'alert-2', reason: 'too large' }] });
  expect(outbox.size).toBe(2);
  outbox.put(draftOf('alert-2'));
  sender.flush();
  expect(sent).toEqual([['alert-1', 'alert-2', 'alert-3'], ['alert-3']]);
  const kept = database.prepare('SELECT record_id, reason FROM outbox_refused').all();
  expect(kept.map((row) => ({ ...row }))).toEqual([{ record_id: 'alert-2', reason: 'too large' }]);
});

test('a batch that is undone is not sent twice', () => {
  const database = openTable();
  const outbox = new Outbox(database, 'alert', sealer);
  outbox.put(draftOf('alert-1'));
  expect(outbox.take(9)).toHaveLength(1);
  expect(() => {
    inTransaction(database, () => {
      outbox.seen('alert-1');
      throw new Error('the disk is full');
    });
  }).toThrow('the disk is full');
  expect(outbox.size).toBe(1);
  expect(outbox.take(9)).toEqual([]);
});

/** A log of numbers and derived records: of every number that three divides, `alert-<number>` is derived. */
class World {
  readonly ledger: (number | string)[] = [];
  file: DatabaseSync = openTable();
  outbox: Outbox = new Outbox(this.file, 'alert', sealer);
  underWay: DerivedDraft[] = [];
  sender: OutboxSender = this.#begin();

  #begin(): OutboxSender {
    const sender = new OutboxSender([{ position: () => this.position(), outbox: this.outbox }], (drafts) => {
      this.underWay = drafts;
    });
    sender.start(this.ledger.length);
    return sender;
  }

  position(): number {
    return Number(this.file.prepare('SELECT position FROM place').get()?.['position']);
  }

  follow(count: number): void {
    inTransaction(this.file, () => {
      const from = this.position();
      const batch = this.ledger.slice(from, from + count);
      for (const entry of batch) {
        if (typeof entry === 'string') this.outbox.seen(entry);
        else if (entry % 3 === 0) this.outbox.put(draftOf(`alert-${entry}`));
      }
      this.file.prepare('UPDATE place SET position = ?').run(from + batch.length);
    });
    this.sender.flush();
  }

  /** The service takes what is under way; `isTold`: the follower hears of it. */
  append(isDurable: boolean, isTold: boolean): void {
    if (this.underWay.length === 0) return;
    if (isDurable) this.ledger.push(...this.underWay.map(({ draft }) => draft.id));
    const again = isDurable ? [] : this.underWay.map(({ draft }) => draft.id);
    this.underWay = [];
    if (isTold) this.sender.settled({ again, refused: [] });
    else this.crash();
  }

  crash(): void {
    this.underWay = [];
    this.outbox = new Outbox(this.file, 'alert', sealer);
    this.sender = this.#begin();
  }

  rebuild(): void {
    this.underWay = [];
    this.file = openTable();
    this.crash();
  }
}

test('exactly once, wherever a crash or a rebuild falls', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('write' as const), count: fc.nat(5) }),
    fc.record({ do: fc.constant('follow' as const), count: fc.nat(7) }),
    fc.record({ do: fc.constant('append' as const), isDurable: fc.boolean(), isTold: fc.boolean() }),
    fc.record({ do: fc.constantFrom('crash' as const, 'rebuild' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World();
      let next = 0;
      for (const it of steps) {
        if (it.do === 'write') for (let i = 0; i < it.count; i++) world.ledger.push(next++);
        else if (it.do === 'follow') world.follow(it.count);
        else if (it.do === 'append') world.append(it.isDurable, it.isTold);
        else if (it.do === 'crash') world.crash();
        else world.rebuild();
      }
      for (let i = 0; i < 2 * next + 2; i++) {
        world.follow(1000);
        world.append(true, true);
      }
      const derived = world.ledger.filter((entry) => typeof entry === 'string').toSorted();
      const numbers = Array.from({ length: next }, (_, i) => i).filter((i) => i % 3 === 0);
      expect(derived).toEqual(numbers.map((i) => `alert-${i}`).toSorted());
    }),
    { numRuns: 200 },
  );
});

test('what waits about somebody who was erased says nothing of them any more, and goes all the same', () => {
  const database = openTable();
  const outbox = new Outbox(database, 'state', sealer);
  const of = (actorRef: string, sessionRef?: string): DerivedDraft => {
    const id = derivedId('state', actorRef, sessionRef ?? '');
    const groups = { identity: { user: { name: `name of ${actorRef}` } } };
    return {
      draft: { id, clear: { '@timestamp': record['@timestamp'] }, groups },
      actorRef,
      ...(sessionRef !== undefined && { sessionRef }),
    };
  };
  inTransaction(database, () => {
    for (const one of [of('alice'), of('bob'), of('somebody', 'session of alice')]) outbox.put(one);
  });
  outbox.strip(({ actorRef, sessionRef }) => actorRef === 'alice' || sessionRef === 'session of alice');
  const drafts = outbox.take(10);
  expect(drafts.map(({ actorRef }) => actorRef)).toEqual(['alice', 'bob', 'somebody']);
  expect(drafts.map(({ draft }) => Object.keys(draft.groups).length)).toEqual([0, 1, 0]);
});
