import { describe, expect, it } from 'vitest';

import { ALL, NONE } from '../../../packages/exporter/src/search/elasticsearch/clauses.ts';
import type { DslPlan } from '../../../packages/exporter/src/search/elasticsearch/clauses.ts';
import { readMappings } from '../../../packages/exporter/src/search/elasticsearch/field-mapping.ts';
import { planDsl } from '../../../packages/exporter/src/search/elasticsearch/query-dsl.ts';
import { parseQuery } from '../../../packages/exporter/src/search/query/index.ts';

const keyword = { type: 'keyword', ignore_above: 20 };
const mapping = {
  dynamic: false,
  properties: {
    '@timestamp': { type: 'date_nanos' },
    attributes: { type: 'flattened', ignore_above: 30 },
    audit: {
      properties: { record: { properties: { id: keyword } }, session: { properties: { id: keyword } } },
    },
    client: { properties: { address: { ...keyword, fields: { ip: { type: 'ip' } } } } },
    event: { properties: { duration: { type: 'long' }, outcome: keyword } },
    http: { properties: { response: { properties: { status_code: { type: 'integer' } } } } },
    oidc: { properties: { auth_time: { type: 'date' }, session: { properties: { id: keyword } } } },
    session: { properties: { id: keyword } },
    user: { properties: { id: keyword } },
    words: { type: 'text', analyzer: 'spanledger_words' },
  },
};
const status = 'http.response.status_code';

function plan(query: string, mappings: readonly unknown[] = [mapping]): DslPlan {
  return planDsl(parseQuery(query), readMappings(mappings));
}

describe('planDsl', () => {
  it('asks for exact values, and for both names of a short one', () => {
    expect(plan('user.id:alice')).toMatchObject({ isExact: true, atMost: { term: { 'user.id': 'alice' } } });
    expect(plan('session.id:x')).toMatchObject({
      isExact: true,
      atMost: {
        bool: {
          should: [
            { term: { 'audit.session.id': 'x' } },
            { term: { 'oidc.session.id': 'x' } },
            { term: { 'session.id': 'x' } },
          ],
        },
      },
    });
    expect(plan('attributes.order.note:rush').atMost).toEqual({ term: { 'attributes.order.note': 'rush' } });
  });

  it('looks among what was left out for what is too long to be indexed', () => {
    const long = 'y'.repeat(21);
    expect(plan(`user.id:${long}`)).toMatchObject({
      isExact: false,
      atMost: { term: { _ignored: 'user.id' } },
    });
    expect(plan(`attributes.a:${long}${long}`).atMost).toBe(ALL);
    expect(plan('user.id:*').atMost).toEqual({
      bool: {
        should: [{ exists: { field: 'user.id' } }, { term: { _ignored: 'user.id' } }],
        minimum_should_match: 1,
      },
    });
  });

  it('takes wildcards for wildcards, and nothing else', () => {
    expect(plan('user.id:a*').atLeast).toEqual({ prefix: { 'user.id': 'a' } });
    expect(plan(String.raw`user.id:a\**"?"`.replaceAll('"', '')).atLeast).toEqual({
      wildcard: { 'user.id': String.raw`a\**\?` },
    });
    expect(plan('attributes.a:*x').atMost).toEqual({ exists: { field: 'attributes.a' } });
  });

  it('compares numbers, within what the type holds', () => {
    expect(plan(`${status} > 403.5`).atLeast).toEqual({
      range: { [status]: { gte: '404', lte: '2147483647' } },
    });
    expect(plan(`${status} <= 403.5`).atLeast).toMatchObject({ range: { [status]: { lte: '403' } } });
    expect(plan(`${status} > 1e25`).atLeast).toBe(NONE);
    expect(plan(`${status}:"0200"`).atLeast).toBe(NONE);
    expect(plan(`${status}:5*`).atLeast).toMatchObject({
      bool: { should: expect.arrayContaining([{ range: { [status]: { gte: '500', lte: '599' } } }]) },
    });
    // 9007199254740993 is the same number to the query language.
    expect(plan('event.duration <= 9007199254740992')).toMatchObject({
      isExact: false,
      atLeast: NONE,
      atMost: {
        bool: { should: [{ range: { 'event.duration': { lte: '9007199254745088' } } }, expect.anything()] },
      },
    });
  });

  it('compares times to the nanosecond where the field has it', () => {
    expect(plan('@timestamp > "2026-11-02T10:30:00.123456789Z"')).toMatchObject({
      isExact: true,
      atMost: { range: { '@timestamp': { gte: '2026-11-02T10:30:00.123456790Z' } } },
    });
    expect(plan('@timestamp < 1969').atMost).toBe(NONE);
    expect(plan('@timestamp >= 1900').atMost).toMatchObject({
      range: {
        '@timestamp': { gte: '1970-01-01T00:00:00.000000000Z', lte: '2262-04-11T23:47:16.854775807Z' },
      },
    });
    expect(plan('oidc.auth_time < "2026-11-02T10:30:00.0005Z"')).toMatchObject({
      isExact: false,
      atLeast: NONE,
    });
  });

  it('asks for networks below the address, and for what may be one', () => {
    expect(plan('client.address:10.1.2.3').atLeast).toEqual({ term: { 'client.address.ip': '10.1.2.3/32' } });
    expect(plan('client.address:"2001:db8::/32"').atLeast).toEqual({
      term: { 'client.address.ip': '2001:db8:0:0:0:0:0:0/32' },
    });
    // Elasticsearch would find IPv4 addresses in it as well.
    expect(plan('client.address:"::/0"').atLeast).toBe(NONE);
  });

  it('looks for words in all cases and forms', () => {
    expect(plan('"rush please"')).toMatchObject({
      isComplete: false,
      atLeast: { match_phrase: { words: 'rush please' } },
    });
    const [, inAttributes] = Object(plan('ka*').atMost).bool.should;
    expect(inAttributes.regexp.attributes.value).toBe('(.*[^a-zA-Z0-9])?[kK\u212A][aA].*');
    expect(plan('café').atMost).toMatchObject({
      bool: { should: [{ regexp: { words: { value: 'caf.*' } } }, expect.anything()] },
    });
    expect(plan('café').atLeast).toBe(NONE);
    expect(plan('привет').atMost).toMatchObject({
      bool: { should: [{ regexp: { words: { value: 'привет' } } }, expect.anything()] },
    });
  });

  it('turns bounds round where it is said not to', () => {
    expect(plan('not user.id:alice')).toMatchObject({
      isExact: true,
      atMost: { bool: { must_not: [{ term: { 'user.id': 'alice' } }] } },
    });
    expect(plan('not rush')).toMatchObject({ isComplete: true, isExact: false, atLeast: NONE });
    expect(plan('not user.id:*').atMost).toEqual({ bool: { must_not: [{ exists: { field: 'user.id' } }] } });
  });

  it('looks everywhere for what the mapping does not say', () => {
    expect(plan('user.department:sales')).toMatchObject({ atMost: ALL, atLeast: NONE, isExact: false });
    expect(plan('user:*')).toMatchObject({ atMost: ALL, atLeast: { exists: { field: 'user' } } });
    expect(plan('event:*')).toMatchObject({ isExact: true, atMost: { exists: { field: 'event' } } });
    const other = { properties: { user: { properties: { id: { type: 'text' } } } } };
    expect(plan('user.id:alice', [mapping, other]).atMost).toBe(ALL);
    expect(plan('alice', [mapping, other]).atMost).toBe(ALL);
    expect(plan('user.id:alice', []).atMost).toBe(ALL);
  });
});
