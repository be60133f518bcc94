import { describe, expect, it } from 'vitest';

import {
  formatQuery,
  MAX_QUERY_LENGTH,
  parseQuery,
  QueryError,
} from '../../../../packages/exporter/src/search/query/index.ts';

const canonical: [query: string, canonical: string][] = [
  ['', '*'],
  ['  ', '*'],
  ['*', '*'],
  ['*:*', '*'],
  ['user.id:alice', 'user.id:alice'],
  ['user.id : "alice"', 'user.id:alice'],
  ['event.action:"GET /orders/{id}"', 'event.action:"GET /orders/{id}"'],
  ['a:b AND c:d', 'a:b and c:d'],
  ['a:1 or b:2 and not c:3', 'a:1 or (b:2 and not c:3)'],
  ['(a:1 or b:2) c:3', '(a:1 or b:2) and c:3'],
  ['user.id:(alice or bob)', 'user.id:alice or user.id:bob'],
  ['user.id:(alice or not (bob and "c d"))', 'user.id:alice or not (user.id:bob and user.id:"c d")'],
  ['oidc.issuer:https://idp.example/realms/a', 'oidc.issuer:"https://idp.example/realms/a"'],
  ['url.path:/orders/*', 'url.path:/orders/*'],
  ['url.path:*\\*x*', 'url.path:*\\*x*'],
  ['user.id:*', 'user.id:*'],
  ['http.response.status_code>=400', 'http.response.status_code >= 400'],
  ['@timestamp>="2026-11-01"', '@timestamp >= "2026-11-01"'],
  ['@timestamp:2026-11', '@timestamp:"2026-11"'],
  ['client.address:10.0.0.0/8', 'client.address:"10.0.0.0/8"'],
  ['client.address:2001:db8::1', 'client.address:"2001:db8::1"'],
  ['client.address:shop.example', 'client.address:shop.example'],
  ['Login FAILED', 'login and failed'],
  ['"Login FAILED"', '"login failed"'],
  ['"and"', '"and"'],
  ['/orders/42', '"orders 42"'],
  ['/admin/ali*', 'admin-ali*'],
  ['\\and:x', '\\and:x'],
  ['say:"\\"hi\\" \\\\"', 'say:"\\"hi\\" \\\\"'],
];

describe('parseQuery', () => {
  it.each(canonical)('reads %j as %j', (text, expected) => {
    const query = parseQuery(text);
    expect(formatQuery(query)).toBe(expected);
    expect(parseQuery(expected)).toEqual(query);
  });

  it.each<[query: string, code: QueryError['code'], position: number]>([
    ['user.id:', 'query_incomplete', 8],
    ['user.id:alice and', 'query_incomplete', 17],
    ['and user.id:alice', 'query_unexpected', 0],
    ['a:b or or c:d', 'query_unexpected', 7],
    ['(a:b', 'query_unbalanced', 0],
    ['a:b)', 'query_unbalanced', 3],
    ['a:"b', 'query_unbalanced', 2],
    ['a:()', 'query_unexpected', 3],
    ['a:(b c)', 'query_unexpected', 5],
    ['user.id = alice', 'query_operator_unknown', 8],
    [':alice', 'query_unexpected', 0],
    ['user.*:alice', 'query_field_invalid', 0],
    ['"":alice', 'query_field_invalid', 0],
    ['user.id > alice', 'query_value_not_comparable', 10],
    ['@timestamp:yesterday', 'query_date_invalid', 11],
    ['@timestamp >= 2026-13-01', 'query_date_invalid', 14],
    ['@timestamp < 2026-02-30', 'query_date_invalid', 13],
    ['--', 'query_text_empty', 0],
    ['al*ce', 'query_wildcard_unsupported', 0],
    ['*ice', 'query_wildcard_unsupported', 0],
    ['a:\\', 'query_incomplete', 2],
    ['a:*b*c*d*e*f*g*h*i*', 'query_too_complex', 2],
    [`${'('.repeat(40)}a`, 'query_too_complex', 32],
    ['a '.repeat(200), 'query_too_complex', 256],
    ['a'.repeat(MAX_QUERY_LENGTH + 1), 'query_too_long', MAX_QUERY_LENGTH],
  ])('refuses %j with %s at %i', (text, code, position) => {
    const error = failureOf(text);
    expect({ code: error.code, position: error.position }).toEqual({ code, position });
    expect(error.hint).not.toBe('');
    expect(error.message).toContain(`at position ${position + 1}`);
  });
});

function failureOf(text: string): QueryError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`parsed: ${text}`);
}
