import { describe, expect, test } from 'vitest';
import { LedgerError } from '@spanledger/ledger';
import type { EntryBatch } from '@spanledger/record';
import { Intake } from '../../../../packages/exporter/src/receive/intake.ts';
import { Producers } from '../../../../packages/exporter/src/receive/producers.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../../support/exporter/spans.ts';

/** A ledger whose appends settle when the test says so. */
function heldLedger() {
  const batches: EntryBatch[] = [];
  const held: PromiseWithResolvers<{ first: number; count: number }>[] = [];
  let durable = 0;
  return {
    batches,
    append(batch: EntryBatch): Promise<{ first: number; count: number }> {
      batches.push(batch);
      const append = Promise.withResolvers<{ first: number; count: number }>();
      held.push(append);
      return append.promise;
    },
    hasRoom: (_sizeBytes: number) => true,
    sizes: () => ({ sequenced: durable, durable, integrated: 0, published: 0 }),
    succeed(): void {
      const batch = batches[batches.length - held.length];
      durable += batch?.count ?? 0;
      held.shift()?.resolve({ first: 0, count: batch?.count ?? 0 });
    },
    fail(): void {
      held.shift()?.reject(new LedgerError('append_failed', 'the disk is full'));
    },
  };
}

function setUp() {
  const ledger = heldLedger();
  const producers = new Producers();
  const references = {
    ofSubject: () => 'actor',
    ofSession: () => 'session',
    attempt: <Result>(work: () => Result) => work(),
    generation: 0,
    isErased: () => false,
  };
  const intake = new Intake({ ledger, producers, references });
  const sender = createSender('shop');
  const keys = new KeyTable();
  const request = (count: number) =>
    decodeTraceRequest(
      toProtobuf(
        Array.from({ length: count }, () => sender.span({ attributes: sessionAttributes('alice', 's') })),
      ),
      keys,
    );
  const wireRequest = (count: number) =>
    outlineTraceRequest(
      toProtobuf(
        Array.from({ length: count }, () => sender.span({ attributes: sessionAttributes('alice', 's') })),
      ),
      keys,
    );
  return { ledger, producers, intake, request, wireRequest };
}

describe('a repeat', () => {
  test('of what is durable is accepted and appended once', async () => {
    const { ledger, intake, request } = setUp();
    const groups = request(3);
    const first = intake.accept(groups);
    ledger.succeed();
    expect(await first).toBe(3);
    expect(await intake.accept(groups)).toBe(0);
    expect(ledger.batches).toHaveLength(1);
  });

  test('of what is on its way is accepted only once that is durable', async () => {
    const { ledger, intake, request } = setUp();
    const groups = request(1);
    const first = intake.accept(groups);
    let settled = false;
    const second = intake.accept(groups).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    ledger.succeed();
    await expect(Promise.all([first, second])).resolves.toEqual([1, 0]);
  });

  test('of what could not be written is turned away, and is new the next time', async () => {
    const { ledger, intake, request } = setUp();
    const groups = request(2);
    const first = intake.accept(groups);
    const second = intake.accept(groups);
    ledger.fail();
    await expect(first).rejects.toMatchObject({ code: 'service_busy' });
    await expect(second).rejects.toMatchObject({ code: 'service_busy' });
    const third = intake.accept(groups);
    ledger.succeed();
    expect(await third).toBe(2);
  });

  test('within a request counts once', async () => {
    const { ledger, intake, request } = setUp();
    const groups = request(1);
    const accepted = intake.accept([...groups, ...groups]);
    ledger.succeed();
    expect(await accepted).toBe(1);
  });

  test('together with something new: only the new is appended, both are waited for', async () => {
    const { ledger, intake, request } = setUp();
    const old = request(1);
    const first = intake.accept(old);
    const both = intake.accept([...old, ...request(2)]);
    expect(ledger.batches.map((batch) => batch.count)).toEqual([1, 2]);
    ledger.fail();
    ledger.succeed();
    await expect(first).rejects.toMatchObject({ code: 'service_busy' });
    await expect(both).rejects.toMatchObject({ code: 'service_busy' });
  });
});

describe('a log that is nearly full', () => {
  test('has requests turned away before their records are made; nothing of them counts as taken in', async () => {
    const { ledger, intake, producers, wireRequest } = setUp();
    const groups = wireRequest(50);
    ledger.hasRoom = () => false;
    await expect(intake.accept(groups)).rejects.toMatchObject({ code: 'service_busy' });
    expect(ledger.batches).toEqual([]);
    expect(producers.snapshot().streams).toEqual([]);
    ledger.hasRoom = () => true;
    const accepted = intake.accept(groups);
    ledger.succeed();
    expect(await accepted).toBe(50);
  });

  test('is asked for as much as records have taken so far, for each byte of a request', async () => {
    const { ledger, intake, wireRequest } = setUp();
    let asked = 0;
    ledger.hasRoom = (sizeBytes) => {
      asked = sizeBytes;
      return true;
    };
    for (let i = 0; i < 50; i++) {
      const accepted = intake.accept(wireRequest(20));
      ledger.succeed();
      await accepted;
    }
    const { bytes, openings } = ledger.batches.at(-1) ?? { bytes: [], openings: [] };
    const written = bytes.length + openings.length;
    expect(asked).toBeGreaterThan(0.9 * written);
    expect(asked).toBeLessThan(1.1 * written);
  });
});

describe('a snapshot', () => {
  test('waits for what is on its way', async () => {
    const { ledger, intake, request } = setUp();
    const accepted = intake.accept(request(2));
    const snapshot = intake.snapshot();
    ledger.succeed();
    await accepted;
    expect((await snapshot)?.position).toBe(0);
    expect((await snapshot)?.producers.streams[0]?.[1]).toEqual([1, 2]);
    expect((await intake.snapshot())?.position).toBe(2);
  });

  test('is given up when an append fails: it would name what is not there', async () => {
    const { ledger, intake, request } = setUp();
    const accepted = intake.accept(request(2));
    const snapshot = intake.snapshot();
    ledger.fail();
    await expect(accepted).rejects.toThrow();
    expect(await snapshot).toBeUndefined();
  });
});
