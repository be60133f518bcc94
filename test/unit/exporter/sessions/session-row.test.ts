import { expect, it } from 'vitest';

import type { SessionFacts } from '../../../../packages/exporter/src/sessions/session-facts.ts';
import { foldSession, MAX_SESSION_NAMES } from '../../../../packages/exporter/src/sessions/session-row.ts';
import type { SessionRow } from '../../../../packages/exporter/src/sessions/session-row.ts';

function fold(...records: Partial<SessionFacts>[]): SessionRow {
  let row: SessionRow | undefined;
  for (const [index, record] of records.entries()) {
    const facts: SessionFacts = {
      reference: 'ref',
      actor: 'actor',
      time: `2026-11-02T09:00:0${index}.000000000Z`,
      signal: 'seen',
      failed: false,
      identity: 0,
      ...record,
    };
    row = foldSession(row, facts, index + 10, facts.sid === undefined ? undefined : `token of ${facts.sid}`);
  }
  if (row === undefined) throw new Error('no record');
  return row;
}

it('counts, and keeps first and last, whatever the order of arrival', () => {
  const row = fold({ time: '2026-11-02T10:00:00.5Z' }, { time: '2026-11-02T09:00:00.5Z', failed: true });
  expect(row).toMatchObject({
    started: '2026-11-02T09:00:00.5Z',
    lastSeen: '2026-11-02T10:00:00.5Z',
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
  const [first, second] = ['2026-11-02T09:10:00Z', '2026-11-02T09:20:00Z'];
  expect(fold({}, { signal: 'logged_out', time: first }, { time: second }).ended).toBe(first);
  expect(fold({}, { signal: 'expired', time: first }, { signal: 'revoked', time: second }).ended).toBe(
    second,
  );
  expect(fold({}, { signal: 'expired', time: first }, { signal: 'refreshed' }).ended).toBeUndefined();
});

it('keeps the first sid and issuer that it is told', () => {
  const row = fold({}, { sid: 'a', issuer: 'https://a' }, { sid: 'b', issuer: 'https://b' });
  expect(row).toMatchObject({ sidToken: 'token of a', issuer: 'https://a' });
});
