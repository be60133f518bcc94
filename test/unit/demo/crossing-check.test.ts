import type { JsonObject } from '@spanledger/record';
import { describe, expect, it } from 'vitest';
import { checkRequests } from '../../../packages/demo/src/crossing-check.ts';

function record(trace: string, user?: string, session = `session of ${user}`): JsonObject {
  const common: JsonObject = { trace: { id: trace }, event: { action: 'GET /orders' } };
  if (user === undefined) return common;
  return {
    ...common,
    audit: { session: { id: session } },
    oidc: { session: { id: session }, client_id: 'shop', issuer: 'http://issuer.example' },
    user: { id: user },
  };
}

function problems(records: JsonObject[]): (readonly string[])[] {
  return checkRequests(records).map((check) => check.problems);
}

describe('checkRequests', () => {
  it('is content when each request belongs to one person throughout, or to nobody', () => {
    const records = [
      record('1', 'alice'),
      record('1', 'alice'),
      record('2', 'bob'),
      record('3'),
      record('3'),
    ];
    expect(problems(records)).toEqual([[], [], []]);
  });

  it('lets a call tell of the end of a session that it does not belong to', () => {
    const ended = { ...record('1', 'alice'), event: { action: 'oidc.session.ended' } };
    expect(problems([ended, record('1'), record('2', 'alice')])).toEqual([[], [], []]);
    expect(problems([ended, record('1'), record('1', 'bob')])[0]).toHaveLength(1);
  });

  it('finds a span that carries nothing in a request that belongs to somebody', () => {
    const [gaps] = problems([record('1', 'alice'), record('1')]);
    expect(gaps).toHaveLength(1);
    expect(gaps?.[0]).toContain('user.id');
  });

  it('finds two people in one request, and two people in one session', () => {
    const [, inRequest] = problems([record('1', 'alice'), record('1', 'bob')]);
    expect(inRequest).toContainEqual(expect.stringContaining('alice and bob'));
    const [, inSession] = problems([record('1', 'alice', 's'), record('2', 'bob', 's')]);
    expect(inSession).toContainEqual(expect.stringContaining('session s has two people'));
  });

  it('finds one person in two sessions', () => {
    expect(problems([record('1', 'alice', 's'), record('2', 'alice', 't')])[2]).toEqual([
      expect.stringContaining('alice has two sessions'),
    ]);
  });

  it('is not content with nothing', () => {
    expect(problems([record('1')])).toEqual([
      ['nothing was found'],
      ['nothing was found'],
      ['nothing was found'],
    ]);
  });
});
