import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  RecordError,
  buildEntryBatch,
  canonicalize,
  closeDocument,
  openDocument,
  parseCanonical,
  parseOpenings,
} from '@spanledger/record';
import type { JsonObject, JsonValue } from '@spanledger/record';
import { anySpan } from './arbitraries.ts';
import {
  SERVER_CALL,
  SESSION,
  at,
  batchOf,
  draftOf,
  draftsOf,
  entryOf,
  objectFrom,
  openingsOf,
  referenced,
  sha256,
  spanOf,
} from './samples.ts';

const INTEGRITY = { hash: 'c0ffee', checkpointSize: 42 };

const draft = draftOf(
  spanOf({}, { ...SERVER_CALL, ...SESSION, 'oidc.claims.dept': 'sales', list: [1, { a: null }] }),
);
const batch = batchOf(draft);
const record = parseCanonical(entryOf(batch, 0));
const openings = openingsOf(batch, 0);
const document = openDocument(record, openings, INTEGRITY);

/** What verification looks at: the bytes that are hashed, the openings, the integrity member. */
function looksOf(doc: JsonObject): string {
  try {
    const closed = closeDocument(doc);
    return JSON.stringify([
      canonicalize(closed.record),
      Object.entries(closed.openings).map(([group, { salt, value }]) => [group, salt, canonicalize(value)]),
      closed.integrity,
    ]);
  } catch (error) {
    if (error instanceof RecordError) return error.code;
    throw error;
  }
}

/** Copies of a value, each changed in one place, with that place's name. */
function* changes(value: JsonValue, path = ''): Generator<[string, JsonValue | undefined]> {
  yield [`${path} removed`, undefined];
  if (Array.isArray(value)) {
    yield [`${path}[] longer`, [...value, 'x']];
    for (const [i, item] of value.entries()) {
      for (const [name, changed] of changes(item, `${path}[${i}]`)) {
        yield [name, changed === undefined ? value.toSpliced(i, 1) : value.with(i, changed)];
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const extra of ['zzz', 'id', 'attributes', 'error', 'network', '__proto__']) {
      if (Object.hasOwn(value, extra)) continue;
      for (const added of ['x', {}, [], null, { id: {} }])
        yield [`${path}.${extra} added`, withMember(value, extra, added)];
    }
    for (const [name, member] of Object.entries(value)) {
      for (const [at_, changed] of changes(member, `${path}.${name}`))
        yield [at_, withMember(value, name, changed)];
      yield [`${path}.${name} renamed`, withMember(withMember(value, name, undefined), `${name}_`, member)];
    }
  } else {
    if (value !== 'x') yield [`${path} = "x"`, 'x'];
    if (value !== null) yield [`${path} = null`, null];
    yield [`${path} = {}`, {}];
    if (typeof value === 'string') yield [`${path} longer`, `${value} `];
    if (typeof value === 'number') yield [`${path} + 1`, value + 1];
  }
}

function withMember(object: JsonObject, name: string, value: JsonValue | undefined): JsonObject {
  const entries = Object.entries(object).filter(([key]) => key !== name);
  return Object.fromEntries(value === undefined ? entries : [...entries, [name, value]]);
}

describe('an opened document', () => {
  test('shows record and groups at one place, and the salts apart', () => {
    expect(document).toMatchObject({
      '@timestamp': '2026-11-21T22:00:00.000000042Z',
      user: { id: 'alice' },
      oidc: { client_id: 'shop-web', session: { id: 'sid-of-alice' }, claims: { dept: 'sales' } },
      client: { address: '192.0.2.7' },
      server: { address: 'shop.example', port: 443 },
      url: { path: '/orders/4711', scheme: 'https' },
      span: { name: 'a span', kind: 'server' },
      attributes: { list: [1, { a: null }] },
      audit: {
        actor: { id: 'actor-reference' },
        integrity: { hash: 'c0ffee', checkpoint_size: 42 },
        openings: { identity: { salt: openings.identity?.salt } },
      },
    });
  });

  test('leaves what it was made of as it was', () => {
    expect(at(record, 'user')).toBeUndefined();
    expect(at(record, 'oidc.session')).toBeUndefined();
    expect(at(record, 'audit.integrity')).toBeUndefined();
    expect(canonicalize(record)).toBe(canonicalize(parseCanonical(entryOf(batch, 0))));
  });

  test('closes to what it was opened from', () => {
    expect(closeDocument(document)).toEqual({ record, openings, integrity: INTEGRITY });
  });

  test('also after a journey through JSON, and with groups erased', () => {
    const { identity: _identity, ...left } = openings;
    for (const kept of [openings, left, {}]) {
      const sent = objectFrom(JSON.stringify(openDocument(record, kept, INTEGRITY)));
      const closed = closeDocument(sent);
      expect(canonicalize(closed.record)).toBe(canonicalize(record));
      expect(closed.openings).toEqual(kept);
    }
    expect(at(openDocument(record, {}, INTEGRITY), 'audit.openings')).toBeUndefined();
  });

  test('is the same for any span', () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        const any = buildEntryBatch(draftsOf(span).map(referenced), { randomBytes, sha256 });
        for (let i = 0; i < any.count; i++) {
          const its = {
            record: parseCanonical(entryOf(any, i)),
            openings: openingsOf(any, i),
            integrity: INTEGRITY,
          };
          const opened = openDocument(its.record, its.openings, INTEGRITY);
          expect(closeDocument(opened)).toEqual(its);
          expect(looksOf(objectFrom(JSON.stringify(opened)))).toBe(looksOf(opened));
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('shows any change at any place in what verification looks at', () => {
    const untouched = looksOf(document);
    let tried = 0;
    for (const [place, changed] of changes(document)) {
      if (changed === undefined || typeof changed !== 'object' || changed === null || Array.isArray(changed))
        continue;
      expect([place, looksOf(changed)]).not.toEqual([place, untouched]);
      tried++;
    }
    expect(tried).toBeGreaterThan(1_000);
  });
});

describe('a document from a stranger', () => {
  const refused = (doc: JsonObject): string => looksOf(doc);

  test.each([
    ['without audit', {}],
    ['with an audit that is no object', { audit: 'x' }],
    ['without integrity', { audit: {} }],
    ['with an integrity that is no object', { audit: { integrity: [] } }],
    ['with a hash that is no string', { audit: { integrity: { hash: 1, checkpoint_size: 1 } } }],
    ['with a size that is no number', { audit: { integrity: { hash: 'x', checkpoint_size: '1' } } }],
    ['with more in its integrity', { audit: { integrity: { hash: 'x', checkpoint_size: 1, more: 1 } } }],
  ])('%s is malformed', (_, doc) => {
    expect(refused(doc)).toBe('document_malformed');
  });

  test('cannot be opened over what it has', () => {
    const twice = { ...openings, content: { salt: 'x', value: { '@timestamp': 'x' } } };
    expect(() => openDocument(record, twice, INTEGRITY)).toThrow(RecordError);
    expect(() => openDocument(document, {}, INTEGRITY)).toThrow(RecordError);
  });

  test('with hostile names changes no prototype', () => {
    const hostile = objectFrom(
      '{"audit":{"integrity":{"hash":"x","checkpoint_size":1}},"oidc":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}',
    );
    const closed = closeDocument(hostile);
    expect('polluted' in {}).toBe(false);
    expect(canonicalize(closed.openings.content?.value ?? {})).toBe(
      '{"__proto__":{"polluted":1},"oidc":{"__proto__":{"polluted":1}}}',
    );
    expect(parseOpenings(new TextEncoder().encode('{}'))).toEqual({});
  });
});
