import { describe, expect, it } from 'vitest';

import { foldAuthentication } from '../../../../packages/exporter/src/sessions/session-authentication.ts';
import type { SessionFacts } from '../../../../packages/exporter/src/sessions/session-facts.ts';
import {
  endSession,
  foldSession,
  isUsedAfterEnd,
  MAX_SESSION_NAMES,
  newSession,
} from '../../../../packages/exporter/src/sessions/session-row.ts';
import type { Evidence, SessionRow } from '../../../../packages/exporter/src/sessions/session-row.ts';
import { MAX_SESSION_STEPS } from '../../../../packages/exporter/src/sessions/session-step.ts';
import type { SessionStep } from '../../../../packages/exporter/src/sessions/session-step.ts';

const at = (minute: number): string =>
  new Date(Date.UTC(2026, 10, 2, 9, minute)).toISOString().replace('Z', '000000Z');

function fold(...records: Partial<SessionFacts>[]): SessionRow {
  let row: SessionRow | undefined;
  for (const [place, record] of records.entries()) {
    const index = place + 10;
    const facts: SessionFacts = {
      reference: 'ref',
      actor: 'actor',
      time: at(place),
      signal: 'seen',
      failed: false,
      active: true,
      use: true,
      claimed: false,
      identity: 0,
      ...record,
    };
    row ??= newSession(facts, index);
    const sid = facts.sid === undefined ? undefined : `token of ${facts.sid}`;
    foldSession(row, facts, { time: facts.time, record: `record ${index}`, index }, sid);
  }
  if (row === undefined) throw new Error('no record');
  return row;
}

const stepsOf = (row: SessionRow): string[] => row.steps.map(({ step }) => step);

it('counts, and keeps first and last, whatever the order of arrival', () => {
  const row = fold({ time: at(10) }, { time: at(0), failed: true });
  expect(row).toMatchObject({
    started: at(0),
    lastSeen: at(10),
    firstIndex: 10,
    lastIndex: 11,
    records: 2,
    failures: 1,
  });
});

it('remembers which record tells most about the person', () => {
  const row = fold(
    { identity: 0 },
    { identity: 1, actor: 'alice' },
    { identity: 2, actor: 'alice' },
    { identity: 1 },
  );
  expect(row).toMatchObject({ identityIndex: 12, actor: 'alice' });
});

it('names clients and services once, and only so many', () => {
  const row = fold({ client: 'web', service: 'shop' }, { client: 'app', service: 'shop' }, {});
  expect(row).toMatchObject({ clients: ['web', 'app'], services: ['shop'] });
  const many = fold(...Array.from({ length: 50 }, (_, i) => ({ service: `service-${i}` })));
  expect(many.services).toHaveLength(MAX_SESSION_NAMES);
});

it('ends once, and begins again when a refresh undoes an expiry', () => {
  expect(fold({}, { signal: 'logged_out', active: false }, {}).ended).toBe(at(1));
  expect(fold({}, { signal: 'expired', active: false }, { signal: 'revoked', active: false }).ended).toBe(
    at(2),
  );
  expect(fold({}, { signal: 'expired', active: false }, { signal: 'refreshed' }).ended).toBeUndefined();
});

it('keeps the first sid and issuer that it is told', () => {
  const row = fold({}, { sid: 'a', issuer: 'https://a' }, { sid: 'b', issuer: 'https://b' });
  expect(row).toMatchObject({ sidToken: 'token of a', issuer: 'https://a' });
});

describe('the steps', () => {
  it('name the record that shows each', () => {
    const row = fold(
      { signal: 'started', client: 'web', service: 'shop' },
      {},
      { signal: 'refreshed' },
      { signal: 'logged_out', active: false, use: false, reason: 'logout' },
    );
    expect(row.steps).toEqual([
      { step: 'started', time: at(0), record: 'record 10', index: 10, client: 'web', service: 'shop' },
      { step: 'active', time: at(1), record: 'record 11', index: 11 },
      { step: 'refreshed', time: at(2), record: 'record 12', index: 12 },
      { step: 'logged_out', time: at(3), record: 'record 13', index: 13, reason: 'logout' },
    ]);
  });

  it('of refreshes in a row are the first and the last', () => {
    const row = fold({}, ...Array.from({ length: 5 }, () => ({ signal: 'refreshed' as const })));
    expect(row.steps).toMatchObject([
      { step: 'active' },
      { step: 'refreshed', index: 11 },
      { step: 'refreshed', index: 15, count: 4 },
    ]);
    const late = fold(
      { signal: 'refreshed' },
      { time: at(9), signal: 'refreshed' },
      { time: at(5), signal: 'refreshed' },
    );
    expect(late.steps).toMatchObject([{ index: 10 }, { index: 11, count: 2 }]);
  });

  it('are only so many', () => {
    const row = fold(...Array.from({ length: 300 }, () => ({ signal: 'started' as const })));
    expect(row.steps).toHaveLength(MAX_SESSION_STEPS);
    expect(row.steps.at(0)?.index).toBe(10);
    expect(row.steps.at(-1)?.index).toBe(309);
  });

  it('of a claim are one, however many records claim it', () => {
    const claim = { signal: 'refreshed', claimed: true } as const;
    expect(stepsOf(fold(claim, claim, claim))).toEqual(['refreshed']);
  });
});

describe('what time brought about', () => {
  const idle = {
    signal: 'idle',
    active: false,
    use: false,
    time: at(30),
    basis: at(0),
    reason: 'inactivity',
  } as const;

  it('is undone by use', () => {
    const row = fold({}, idle, { time: at(40) });
    expect(row.state).toBe('active');
    expect(row.steps).toMatchObject([
      { step: 'active', time: at(0) },
      { step: 'idle', time: at(30) },
      { step: 'active', time: at(40), index: 12 },
    ]);
  });

  it.each([
    ['late', [{}, { ...idle, signal: 'expired' }, { time: at(10) }]],
    ['in between', [{}, { time: at(10) }, { ...idle, signal: 'expired' }]],
  ] as const)('was not so where records come %s that show it in use', (_, records) => {
    const row = fold(...records);
    expect(row.state).toBe('active');
    expect(row.steps.find(({ step }) => step === 'expired')).toMatchObject({ void: true });
  });

  it('does not count as having been seen', () => {
    expect(fold({}, idle)).toMatchObject({ lastSeen: at(0), state: 'idle', records: 2 });
  });
});

describe('use after the end', () => {
  const end = { signal: 'logged_out', active: false, use: false } as const;

  it.each([
    ['long after', [{}, { ...end, time: at(1) }, { time: at(3) }], true],
    ['told before the end was', [{ time: at(3) }, { ...end, time: at(1) }], true],
    [
      'within what clocks differ by',
      [{}, { ...end, time: at(1) }, { time: at(1).replace('00.0', '04.0') }],
      false,
    ],
    ['before it, and told late', [{}, { ...end, time: at(5) }, { time: at(4) }], false],
    ['that was refused', [{}, { ...end, time: at(1) }, { time: at(3), use: false }], false],
    ['of none', [{}, { time: at(3) }], false],
    [
      'of a session that began anew',
      [{}, { ...end, time: at(1) }, { signal: 'started', time: at(2) }, { time: at(3) }],
      false,
    ],
  ] as const)('%s', (_, records, found) => {
    expect(isUsedAfterEnd(fold(...records), 5000)).toBe(found);
  });
});

it('is ended by an end that names only the person, once', () => {
  const row = fold({}, {});
  const step = { step: 'revoked', time: at(5), record: 'end', index: 20 } as const;
  endSession(row, { ...step });
  endSession(row, { ...step });
  expect(row).toMatchObject({ state: 'revoked', ended: at(5), endIndex: 20, records: 2 });
  expect(stepsOf(row)).toEqual(['active', 'revoked']);
});

describe('authentications', () => {
  const login = { acr: '1', authTime: at(0), client: 'web' };
  const kinds = (...records: Partial<SessionFacts>[]): (string | undefined)[] =>
    fold(...records).steps.flatMap(({ step, reason }) => (step === 'authenticated' ? [reason] : []));

  it.each([
    ['one login', [login, login], ['login']],
    ['prompt=login', [login, { ...login, authTime: at(7) }], ['login', 'auth_time']],
    ['a step-up', [login, { ...login, acr: '2', authTime: at(7) }], ['login', 'acr']],
    ['a step-up without auth_time', [{ acr: '1' }, { acr: '2' }, { acr: '1' }], ['login', 'acr']],
    ['a step-up whose auth_time stays', [login, { ...login, acr: '2' }], ['login', 'acr']],
    ['one that came late', [{ ...login, authTime: at(7) }, login], ['login', 'auth_time']],
    ['single sign-on of another client', [login, { ...login, acr: '0', client: 'app' }], ['login']],
    ['a level that is told later', [{ authTime: at(0) }, login], ['login']],
    ['a time that is told later', [{ acr: '1' }, login, { ...login, acr: '0' }], ['login']],
  ] as const)('of %s', (_, records, reasons) => {
    expect(kinds(...records)).toEqual(reasons);
  });

  it('tell of the later one as the second, also where the first comes late', () => {
    const place = (index: number): Evidence => ({ time: at(9), record: `record ${index}`, index });
    const steps: SessionStep[] = [];
    expect(foldAuthentication(steps, { ...login, authTime: at(7) }, place(1))).toBeUndefined();
    expect(foldAuthentication(steps, login, place(2))).toMatchObject({
      auth_time: at(7),
      record: 'record 1',
    });
    expect(foldAuthentication(steps, { ...login, authTime: at(8) }, place(3))).toMatchObject({
      auth_time: at(8),
    });
  });
});
