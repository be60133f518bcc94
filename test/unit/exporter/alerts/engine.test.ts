import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RaisedAlert } from '../../../../packages/exporter/src/alerts/raised-alert.ts';
import { timeOf } from '../../../../packages/exporter/src/alerts/record-clock.ts';
import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';
import { BEGINNING_MS, followedRecord, sketchRecords } from '../../../support/exporter/alert-records.ts';
import { raise, rule, startEngine } from './support.ts';

const X = { 'event.action': 'x' };
const Y = { 'event.action': 'y' };
const XY = '{ x: { event.action: x }, y: { event.action: y } }';

/** What an alert rests on: the numbers of its records. */
function evidence(raised: readonly RaisedAlert[]): number[][] {
  return raised.map(({ evidence: { records } }) => records.map((id) => Number(id.slice('record-'.length))));
}

describe('selections', () => {
  const count = (select: string, fields: Parameters<typeof followedRecord>[2], when = ''): number =>
    raise(rule(`${when}\nalert_if: { count: 1 }`, select), [followedRecord(0, BEGINNING_MS, fields)]).length;

  test.each([
    ['{ s: { user.id: alice } }', { 'user.id': 'alice' }, 1],
    ['{ s: { user.id: alice } }', { 'user.id': 'bob' }, 0],
    ['{ s: { user.id: [alice, bob] } }', { 'user.id': 'bob' }, 1],
    ['{ s: { user.id: "a*e" } }', { 'user.id': 'alice' }, 1],
    ['{ s: { user.id: "a*e" } }', { 'user.id': 'alicia' }, 0],
    ['{ s: { user.id: null } }', {}, 1],
    ['{ s: { user.id: null } }', { 'user.id': 'bob' }, 0],
    ['{ s: { user.roles: admin } }', { 'user.roles': ['staff', 'admin'] }, 1],
    ['{ s: { user.id|exists: true } }', {}, 0],
    ['{ s: { user.id|exists: false } }', {}, 1],
    ['{ s: { url.path|startswith: /admin } }', { 'url.path': '/admin/x' }, 1],
    ['{ s: { url.path|endswith: x } }', { 'url.path': '/admin/x' }, 1],
    ['{ s: { url.path|contains: min } }', { 'url.path': '/admin/x' }, 1],
    ['{ s: { url.path|contains: max } }', { 'url.path': '/admin/x' }, 0],
    ['{ s: { client.address|cidr: 10.0.0.0/8 } }', { 'client.address': '10.9.8.7' }, 1],
    ['{ s: { client.address|cidr: 10.0.0.0/8 } }', { 'client.address': '11.9.8.7' }, 0],
    ['{ s: { client.address|cidr: "2001:db8::/32" } }', { 'client.address': '2001:db8::7' }, 1],
    ['{ s: { client.address|cidr: 10.0.0.0/8 } }', { 'client.address': 'somewhere' }, 0],
    ['{ s: { http.response.status_code: 404 } }', { 'http.response.status_code': 404 }, 1],
    ['{ s: { event.duration|gt: 5 } }', { 'event.duration': '9007199254740993' }, 1],
    ['{ s: { event.duration|gte: 5, event.duration|lte: 5 } }', { 'event.duration': 5 }, 1],
    ['{ s: { event.duration|lt: 5 } }', { 'event.duration': 5 }, 0],
    ['{ s: [{ user.id: alice }, { user.id: bob }] }', { 'user.id': 'bob' }, 1],
    ['{ s: { user.id: alice, service.name: other } }', { 'user.id': 'alice' }, 0],
  ])('%s of %j: %i', (select, fields, expected) => {
    expect(count(select, fields)).toBe(expected);
  });

  test('conditions', () => {
    const select = '{ a1: { user.id: a }, a2: { service.name: b }, c: { http.route: c } }';
    const fields = { 'user.id': 'a', 'service.name': 'shop', 'http.route': 'c' };
    for (const [when, expected] of [
      ['a1', 1],
      ['not a1', 0],
      ['a1 and not a2', 1],
      ['a2 or (a1 and c)', 1],
      ['a2 and a1 or c', 1],
      ['a2 and (a1 or c)', 0],
      ['1 of a*', 1],
      ['all of a*', 0],
      ['all of them', 0],
      ['not all of a* and c', 1],
    ] as const) {
      expect(count(select, fields, `when: ${when}`), when).toBe(expected);
    }
  });
});

describe('detections', () => {
  test('count: the window counts, not the order in which records come', () => {
    const rules = rule('window: 10m\nalert_if: { count: 3 }');
    const [a, b, c] = sketchRecords([{ times: 3, every: '5m', set: X }]);
    expect(a && b && c && evidence(raise(rules, [c, a, b]))).toEqual([[0, 1, 2]]);
    expect(raise(rules, sketchRecords([{ times: 3, every: '301s', set: X }]))).toEqual([]);
    const [alert] = raise(rules, sketchRecords([{ times: 3, every: '5m', set: X }]));
    expect(alert).toMatchObject({
      timestamp: '2026-11-22T08:10:00.000000000Z',
      first: '2026-11-22T08:00:00.000000000Z',
      last: '2026-11-22T08:10:00.000000000Z',
      trigger: { id: 'record-2', index: 2 },
      evidence: { count: 3, first_index: 0, last_index: 2 },
    });
  });

  test('count: high thresholds are exact about the number', () => {
    const rules = rule('window: 10m\nalert_if: { count: 500 }');
    expect(raise(rules, sketchRecords([{ times: 499, every: '1s', set: X }]))).toEqual([]);
    const [alert] = raise(rules, sketchRecords([{ times: 500, every: '1s', set: X }]));
    expect(alert?.evidence).toMatchObject({ count: 500, first_index: 0, last_index: 499 });
  });

  test('after an alert its key is quiet for a while; others are not', () => {
    const rules = rule('window: 1m\nsuppress: 10m\nalert_if: { count: 2 }');
    const records = sketchRecords([
      { times: 20, every: '30s', set: X },
      { at: '1m', times: 2, set: { ...X, 'audit.actor.id': 'bob' } },
      { at: '20m', times: 2, set: X },
    ]);
    expect(raise(rules, records)).toHaveLength(3);
  });

  test('sum', () => {
    const rules = rule('window: 1m\nalert_if: { sum: { field: http.response.body.bytes, at_least: 100 } }');
    const bytes = { ...X, 'http.response.body.bytes': 40 };
    expect(
      raise(
        rules,
        sketchRecords([
          { times: 2, set: bytes },
          { times: 9, set: X },
        ]),
      ),
    ).toEqual([]);
    expect(raise(rules, sketchRecords([{ times: 3, set: bytes }]))).toHaveLength(1);
  });

  test('distinct: of many records of one value two are kept, and the others tell nothing more', () => {
    const rules = rule('window: 10m\nalert_if: { distinct: { field: client.address, at_least: 2 } }');
    const here = { ...X, 'client.address': 'here' };
    const there = { ...X, 'client.address': 'there' };
    expect(raise(rules, sketchRecords([{ times: 500, set: here }]))).toEqual([]);
    const records = sketchRecords([
      { times: 500, set: here },
      { at: '18m', set: there },
    ]);
    expect(evidence(raise(rules, records)).map((numbers) => numbers.slice(-2))).toEqual([[499, 500]]);
    expect(
      raise(
        rules,
        sketchRecords([
          { times: 500, set: here },
          { at: '19m', set: there },
        ]),
      ),
    ).toEqual([]);
  });

  test('distinct: networks rather than addresses', () => {
    const rules = rule('window: 10m\nalert_if: { distinct: { field: client.address|network, at_least: 2 } }');
    const from = (...addresses: string[]): FollowedRecord[] =>
      addresses.map((address, i) => followedRecord(i, BEGINNING_MS + i, { ...X, 'client.address': address }));
    expect(raise(rules, from('192.0.2.1', '192.0.2.2', '::ffff:192.0.2.3'))).toEqual([]);
    expect(raise(rules, from('192.0.2.1', '192.0.3.1'))).toHaveLength(1);
    expect(raise(rules, from('2001:db8:1::1', '2001:db8:1:2::1', '2001:0db8:0001:3::'))).toEqual([]);
    expect(raise(rules, from('2001:db8:1::1', '2001:db8:2::1'))).toHaveLength(1);
    expect(raise(rules, from('::1', '::2', 'unix:/socket'))).toHaveLength(1);
  });

  test('changes', () => {
    const rules = rule('window: 1m\nalert_if: { changes: { field: client.address, at_least: 2 } }');
    const from = (...addresses: string[]): FollowedRecord[] =>
      addresses.map((address, i) =>
        followedRecord(i, BEGINNING_MS + i * 1000, { ...X, 'client.address': address }),
      );
    expect(raise(rules, from('a', 'a', 'b', 'b', 'b'))).toEqual([]);
    expect(evidence(raise(rules, from('a', 'a', 'b', 'a')))).toEqual([[0, 1, 2, 3]]);
  });

  test('sequence: in this order, whatever lies between', () => {
    const rules = rule('window: 1m\nalert_if: { sequence: [x, y, x] }', XY);
    expect(raise(rules, sketchRecords([{ set: Y }, { at: '1s', set: X }, { at: '2s', set: Y }]))).toEqual([]);
    const records = sketchRecords([{ set: X }, { at: '1s', times: 3, set: Y }, { at: '9s', set: X }]);
    expect(raise(rules, records)).toHaveLength(1);
    expect(raise(rules, records.toReversed()), 'by time, not by place').toHaveLength(1);
    expect(raise(rules, sketchRecords([{ set: X }, { at: '1s', set: Y }, { at: '61s', set: X }]))).toEqual(
      [],
    );
  });

  test('absence: told once time is over, unless what must follow came, even before', () => {
    const rules = rule('when: x\nwindow: 1m\nalert_if: { absence: y }', XY);
    const later = { at: '2m', times: 40, every: '10s', set: { 'event.action': 'z' } };
    expect(raise(rules, sketchRecords([{ set: X }, { at: '60s', set: Y }, later]))).toEqual([]);
    const [alert] = raise(rules, sketchRecords([{ set: X }, { at: '62s', set: Y }, later]));
    expect(alert).toMatchObject({ timestamp: '2026-11-22T08:01:00.000000000Z', trigger: { id: 'record-0' } });
    const [first, answer] = sketchRecords([{ set: X }, { at: '5s', set: Y }]);
    expect(first && answer && raise(rules, [answer, first, ...sketchRecords([later])])).toEqual([]);

    const tried = startEngine(rules, 0);
    const { engine } = tried;
    for (const record of sketchRecords([{ set: X }])) expect(engine.take(record)).toEqual([]);
    tried.save();
    expect(engine.overdue(BEGINNING_MS + 60_000), 'what is late may still come').toEqual([]);
    expect(engine.overdue(BEGINNING_MS + 70_000)).toHaveLength(1);
    expect(engine.overdue(BEGINNING_MS + 80_000)).toEqual([]);
  });

  test('one sender whose clock runs years ahead makes nothing late', () => {
    const rules = rule('when: x\nwindow: 1m\nalert_if: { absence: y }', XY);
    const records = sketchRecords([{ set: X }, { at: '10s', times: 20, set: { 'event.action': 'z' } }]);
    const ahead = Array.from({ length: 9 }, (_, i) => followedRecord(100 + i, BEGINNING_MS + 1e11));
    expect(raise(rules, [...records, ...ahead])).toEqual([]);
  });

  test('alerts raise no alerts', () => {
    const rules = rule('alert_if: { count: 1 }', '{ any: { event.action: "*" } }');
    expect(raise(rules, sketchRecords([{ set: { 'event.kind': 'alert' } }]))).toEqual([]);
    expect(raise(rules, sketchRecords([{ set: { 'event.kind': 'state' } }]))).toHaveLength(1);
  });

  test('a record that lacks a part of the key is counted with no other, but told of alone', () => {
    const two = rule('window: 1m\nalert_if: { count: 2 }').map((one) => ({ ...one, groupBy: ['user.id'] }));
    expect(raise(two, sketchRecords([{ times: 5, set: X }]))).toEqual([]);
    const one = rule('alert_if: { count: 1 }').map((it) => ({ ...it, groupBy: ['user.id'] }));
    expect(raise(one, sketchRecords([{ times: 5, set: X }]))).toHaveLength(1);
  });
});

describe('neither batches nor memory nor a restart change anything', () => {
  const rules = [
    ...rule('window: 10m\nsuppress: 20m\nalert_if: { count: 4 }'),
    ...rule('window: 5m\nalert_if: { distinct: { field: client.address, at_least: 3 } }'),
    ...rule('window: 2m\nalert_if: { changes: { field: client.address, at_least: 3 } }'),
    ...rule('window: 5m\nalert_if: { sequence: [x, y, x] }', XY),
    ...rule('when: x\nwindow: 5m\nalert_if: { absence: y }', XY),
    ...rule('alert_if: { first: { learning: 1h } }'),
    ...rule('alert_if: { return: { after: 1h } }'),
    ...rule('alert_if: { rate: { per: 1m, deviations: 3, at_least: 2, samples: 5 } }'),
    ...rule(
      'window: 10m\nalert_if: { outliers: { field: event.duration, deviations: 3, at_least: 2, samples: 5, count: 2 } }',
    ),
  ].map((one, i) => ({ ...one, id: `rule-${i}` }));

  const happening = fc.record({
    second: fc.nat(7200),
    action: fc.constantFrom('x', 'y'),
    actor: fc.constantFrom('alice', 'bob'),
    address: fc.constantFrom('a', 'b', 'c', 'd'),
    duration: fc.nat(20),
  });
  const happenings = fc.array(happening, { minLength: 5, maxLength: 80 });

  function recordsOf(
    list: readonly { second: number; action: string; actor: string; address: string; duration: number }[],
  ): FollowedRecord[] {
    return list.map(({ second, action, actor, address, duration }, i) =>
      // No two at one time: of these nobody knows which was first.
      followedRecord(i, BEGINNING_MS + second * 1000 + i, {
        'event.action': action,
        'audit.actor.id': actor,
        'client.address': address,
        'event.duration': duration,
      }),
    );
  }

  test('the same alerts with the same evidence, whatever the batches, and with no key left in memory', () => {
    fc.assert(
      fc.property(happenings, fc.integer({ min: 1, max: 40 }), fc.nat(4), (list, batch, maxKeys) => {
        const records = recordsOf(list);
        expect(raise(rules, records, batch, maxKeys)).toEqual(raise(rules, records));
      }),
      { numRuns: 40 },
    );
  });

  test('a restart between any two batches', () => {
    fc.assert(
      fc.property(happenings, fc.integer({ min: 1, max: 30 }), (list, batch) => {
        const records = recordsOf(list);
        const tried = startEngine(rules, 1000);
        const raised: RaisedAlert[] = [];
        for (const [i, record] of records.entries()) {
          raised.push(...tried.engine.take(record));
          if ((i + 1) % batch !== 0) continue;
          tried.save();
          tried.states.forget();
        }
        expect(raised).toEqual(raise(rules, records));
      }),
      { numRuns: 40 },
    );
  });

  test('records that come up to ten seconds late, in another order, raise alerts of the same rules and keys', () => {
    // What depends on how much was seen before is left out: a baseline, what is new, what has returned, and quiet times.
    const windows = rules.slice(0, 4).map((one) => ({ ...one, suppressMs: 7_200_001 }));
    const late = fc.array(fc.tuple(happening, fc.nat(9900)), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(late, fc.integer({ min: 60, max: 1200 }), (list, seconds) => {
        const records = recordsOf(list.map(([one]) => ({ ...one, second: one.second % seconds })));
        const arrivals = records.map((record, i) => ({
          record,
          atMs: timeOf(record.record['@timestamp']) + (list[i]?.[1] ?? 0),
        }));
        const inTime = records.toSorted((a, b) => (a.record['@timestamp'] < b.record['@timestamp'] ? -1 : 1));
        const asTheyCame = arrivals.toSorted((a, b) => a.atMs - b.atMs).map(({ record }) => record);
        const told = (raised: readonly RaisedAlert[]): string[] =>
          raised
            .map(({ rule: { id }, trigger }) => `${id} ${records[trigger.index]?.record.audit.actor.id}`)
            .toSorted();
        expect(told(raise(windows, asTheyCame))).toEqual(told(raise(windows, inTime)));
      }),
      { numRuns: 150 },
    );
  });
});

test('what comes hours late raises what it would have raised in time, once', () => {
  const HOUR = 3_600_000;
  const now = Array.from({ length: 200 }, (_, i) =>
    followedRecord(i, BEGINNING_MS + 10 * HOUR + i * 1000, { ...Y, 'audit.actor.id': `other-${i}` }),
  );
  const late = Array.from({ length: 10 }, (_, i) => followedRecord(200 + i, BEGINNING_MS + i * 1000, X));
  const log = [...now, ...late];
  expect(evidence(raise(rule('window: 1m\nalert_if: { count: 3 }'), log))).toEqual([[200, 201, 202]]);
  expect(evidence(raise(rule('alert_if: { count: 1 }'), log))).toEqual([[200]]);
});

test('what the service records of its own does not tell what time it is', () => {
  const own = { ...Y, 'service.name': null };
  const ahead = Array.from({ length: 70 }, (_, i) => followedRecord(i, BEGINNING_MS + 86_400_000 + i, own));
  for (const { record } of ahead) delete record['service'];
  const { engine, states } = startEngine(rule('window: 1m\nalert_if: { count: 3 }'));
  for (const each of ahead) engine.take(each);
  engine.take(followedRecord(70, BEGINNING_MS, X));
  expect(states.size).toBe(1);
  const raised = [71, 72].flatMap((i) => engine.take(followedRecord(i, BEGINNING_MS + i * 100, X)));
  expect(raised).toHaveLength(1);
});
