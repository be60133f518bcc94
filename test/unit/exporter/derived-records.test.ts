import { expect, test } from 'vitest';
import type { DerivedDraft } from '../../../packages/exporter/src/derived-draft.ts';
import { type DerivedAnswer, DerivedRecords } from '../../../packages/exporter/src/derived-records.ts';
import { ExporterError } from '../../../packages/exporter/src/errors.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';

function draftOf(id: string): DerivedDraft {
  return { draft: { id, clear: {}, groups: {} } };
}

test('of many, what the ledger can never take is told apart; the rest is written once', async () => {
  const written: string[] = [];
  let isFull = false;
  const derived = new DerivedRecords({
    append: (drafts) => {
      const ids = drafts.map(({ draft }) => draft.id);
      if (ids.some((id) => id.startsWith('bad')))
        return Promise.reject(new ExporterError('request_too_large', 'a record stays over its limit'));
      if (isFull && ids.includes('e')) return Promise.reject(new ExporterError('service_busy', 'later'));
      written.push(...ids);
      return Promise.resolve();
    },
    hasten: () => undefined,
    durableSize: () => 0,
    log: createLog({ level: 'silent', format: 'json' }),
  });
  expect(derived.warnings()).toEqual([]);
  const take = (...ids: string[]): Promise<DerivedAnswer> => derived.take(ids.map(draftOf));
  expect(await take('a', 'bad-1', 'b', 'c', 'bad-2')).toEqual({
    again: [],
    refused: ['bad-1', 'bad-2'].map((id) => ({ id, reason: 'a record stays over its limit' })),
  });
  expect(written).toEqual(['a', 'b', 'c']);
  isFull = true;
  expect(await take('d', 'bad-3', 'e', 'f')).toMatchObject({ again: ['e', 'f'], refused: [{ id: 'bad-3' }] });
  expect(written, 'once').toEqual(['a', 'b', 'c', 'd']);
  expect(derived.warnings()).toMatchObject([{ code: 'derived_refused' }]);
  expect(derived.metrics()).toContain('spanledger_derived_refused_total 3');
});

test('alerts are counted by severity', async () => {
  const derived = new DerivedRecords({
    append: () => Promise.resolve(),
    hasten: () => undefined,
    durableSize: () => 0,
    log: createLog({ level: 'silent', format: 'json' }),
  });
  const alert = (action: string, severity: number): DerivedDraft => ({
    draft: { id: action, clear: { event: { kind: 'alert', action, severity } }, groups: {} },
  });
  await derived.take([alert('alert.raised', 73), alert('alert.raised', 73), alert('alert.resolved', 99)]);
  expect(derived.metrics()).toEqual(
    expect.arrayContaining([
      'spanledger_alerts_raised_total{severity="high"} 2',
      'spanledger_alerts_raised_total{severity="critical"} 0',
    ]),
  );
});

test('one after the other; told what failed, once; nothing after the stop', async () => {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => lines.push(line) },
  });
  const held: PromiseWithResolvers<void>[] = [];
  let durable = 5;
  const derived = new DerivedRecords({
    append: () => {
      const one = Promise.withResolvers<void>();
      held.push(one);
      return one.promise;
    },
    hasten: () => undefined,
    durableSize: () => durable,
    log,
  });
  const answers = ['one', 'two', 'three'].map((id) => derived.take([draftOf(id)]));
  const from = derived.startingSize();
  await expect.poll(() => held.length).toBe(1);
  held[0]?.reject(new Error('the disk is full'));
  await expect.poll(() => held.length).toBe(2);
  held[1]?.reject(new Error('the disk is full'));
  await expect.poll(() => held.length).toBe(3);
  const stopped = derived.stop();
  durable = 6;
  held[2]?.resolve();
  expect((await Promise.all(answers)).map(({ again }) => again)).toEqual([['one'], ['two'], []]);
  expect(await from, 'with what was on its way').toBe(6);
  await stopped;
  expect(await derived.take([draftOf('four')])).toEqual({ again: ['four'], refused: [] });
  expect(held).toHaveLength(3);
  expect(lines.filter((line) => line.includes('tried again'))).toHaveLength(1);
});

test.each([
  ['alert', 'alert.raised', 1],
  ['state', 'token.refresh_reused', 1],
  ['state', 'session.idle', 0],
])('of kind %s, %s: %i times published at once', async (kind, action, expected) => {
  let hastened = 0;
  const derived = new DerivedRecords({
    append: () => Promise.resolve(),
    hasten: () => hastened++,
    durableSize: () => 0,
    log: createLog({ level: 'silent', format: 'json' }),
  });
  await derived.take([{ draft: { id: 'one', clear: { event: { kind, action } }, groups: {} } }]);
  expect(hastened).toBe(expected);
});
