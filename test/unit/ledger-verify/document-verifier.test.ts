import {
  computeInclusionProof,
  formatDocumentReport,
  formatTlogProof,
  hashLeaf,
  sha256,
  tileHashReader,
  verifyDocument,
  type DocumentReport,
} from '@spanledger/ledger/verify';
import {
  computeCommitment,
  encodeCanonical,
  openDocument,
  type JsonObject,
  type JsonValue,
  type Openings,
} from '@spanledger/record';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  makeEntries,
  makeRecord,
  ORIGIN,
  publish,
  signCheckpoint,
  sourceOf,
  VKEY,
} from './support/memory-log.ts';
import { cosign, WITNESS_VKEYS, WITNESSES } from './support/witnesses.ts';

const OPENINGS: Openings = {
  content: {
    salt: 'Y29udGVudC1zYWx0LTE2Yg',
    value: { url: { path: '/orders/7', query: 'q=1' }, attributes: { 'shop.cart': [1, 'two', null, true] } },
  },
  identity: {
    salt: 'aWRlbnRpdHktc2FsdC0xNg',
    value: { user: { id: 'alice', roles: ['customer'] }, oidc: { session: { id: 'sid-1' } } },
  },
  network: {
    salt: 'bmV0d29yay1zYWx0LTE2Yg',
    value: { client: { address: '203.0.113.9' }, user_agent: { original: 'curl/8' } },
  },
};
const INDEX = 300;
const SIZE = 400;

const before = makeEntries(INDEX);
const record = makeRecord(INDEX, Buffer.from(hashLeaf(before.at(-1) ?? new Uint8Array())).toString('hex'));
record['audit'] = {
  ...objectIn(record['audit']),
  commitments: {
    content: commit('content'),
    identity: commit('identity'),
    network: commit('network'),
  },
};
record['oidc'] = { client_id: 'shop', acr: '1' };
const entry = encodeCanonical(record);
const LOG = publish([...before, entry, ...makeEntries(SIZE - INDEX - 1)]);
const NOTE = Buffer.from(LOG.files.get('checkpoint') ?? []).toString();
const HASHES = await computeInclusionProof(INDEX, SIZE, tileHashReader(sourceOf(LOG), SIZE));
const PROOF = formatTlogProof({ index: INDEX, hashes: HASHES, checkpoint: NOTE });
const HASH = Buffer.from(hashLeaf(entry)).toString('hex');

function commit(group: 'content' | 'identity' | 'network'): string {
  return computeCommitment(group, OPENINGS[group] ?? { salt: '', value: {} }, sha256);
}

/** A fresh document; plain objects, as JSON.parse makes them. */
function makeDocument(openings: Openings = OPENINGS): JsonObject {
  const document = openDocument(record, openings, { hash: HASH, checkpointSize: SIZE });
  return copyOf(document);
}

function verify(document: JsonObject, { proof = PROOF, vkey = VKEY } = {}): DocumentReport {
  return verifyDocument({ document, proof, vkey });
}

const codes = (report: DocumentReport): string[] => report.failures.map(({ code }) => code);

/** Every path in a document, to leaves and to the objects and lists that hold them. */
function pathsOf(value: JsonValue, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]))];
}

/** The document with the value at a path replaced; deleted if there is no replacement. */
function replaceAt(
  value: JsonValue,
  [name, ...rest]: string[],
  replacement: JsonValue | undefined,
): JsonValue {
  if (name === undefined || typeof value !== 'object' || value === null) return replacement ?? null;
  if (Array.isArray(value)) {
    const at = Number(name);
    if (rest.length === 0 && replacement === undefined) return value.toSpliced(at, 1);
    return value.with(at, replaceAt(value[at] ?? null, rest, replacement));
  }
  const copy = { ...value };
  if (rest.length === 0 && replacement === undefined) delete copy[name];
  else copy[name] = replaceAt(value[name] ?? null, rest, replacement);
  return copy;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** A copy as JSON.parse makes it: plain objects. */
function copyOf(value: unknown): JsonObject {
  return objectIn(JSON.parse(JSON.stringify(value)));
}

function replaceIn(path: string[], replacement: JsonValue | undefined): JsonObject {
  const document = replaceAt(makeDocument(), path, replacement);
  return isObject(document) ? document : {};
}

const PATHS = pathsOf(makeDocument()).filter((path) => path.length > 0);

describe('a good document', () => {
  test('verifies with all groups opened', () => {
    expect(verify(makeDocument())).toEqual({
      ok: true,
      origin: ORIGIN,
      id: `trace-span${INDEX}-stream`,
      index: INDEX,
      hash: HASH,
      checkpoint: { size: SIZE, root: NOTE.split('\n')[2], signers: [ORIGIN] },
      opened: ['content', 'identity', 'network'],
      closed: [],
      assurance: { level: 'unanchored', cannotExclude: [expect.any(String), expect.any(String)] },
      failures: [],
      failuresTotal: 0,
    });
  });

  test.each([[['identity']], [['identity', 'network']], [['content', 'identity', 'network']]] as const)(
    'verifies with %s erased',
    (erased) => {
      const kept = Object.fromEntries(
        Object.entries(OPENINGS).filter(([group]) => !erased.some((name) => name === group)),
      );
      const report = verify(makeDocument(kept));
      expect(report).toMatchObject({ ok: true, closed: [...erased] });
      expect(report.opened).toHaveLength(3 - erased.length);
    },
  );
});

describe('every field is covered', () => {
  const describePath = (path: string[]): string => path.join('.');

  test.each(PATHS.map((path) => [describePath(path), path] as const))('%s changed', (_, path) => {
    for (const replacement of ['forged', 0, null, {}, [], { x: 1 }]) {
      const document = replaceIn(path, replacement);
      if (JSON.stringify(document) === JSON.stringify(makeDocument())) continue;
      const report = verify(document);
      expect(report.ok).toBe(false);
      expect(report.failuresTotal).toBeGreaterThan(0);
    }
  });

  test.each(PATHS.map((path) => [describePath(path), path] as const))('%s deleted', (_, path) => {
    expect(verify(replaceIn(path, undefined)).ok).toBe(false);
  });

  const holders = PATHS.filter((path) =>
    isObject(
      path.reduce<JsonValue>((at, name) => (isObject(at) ? (at[name] ?? null) : null), makeDocument()),
    ),
  );
  test.each([[], ...holders].map((path) => [describePath(path), path] as const))(
    'something added in "%s"',
    (_, path) => {
      for (const name of ['forged', 'zz', '__proto__', 'constructor', 'salt', 'user']) {
        const document = makeDocument();
        let at: JsonValue = document;
        for (const step of path) at = isObject(at) ? (at[step] ?? null) : null;
        if (!isObject(at) || Object.hasOwn(at, name)) continue;
        Object.defineProperty(at, name, {
          value: 'forged',
          enumerable: true,
          configurable: true,
          writable: true,
        });
        expect(verify(document).ok).toBe(false);
      }
    },
  );

  test('groups and salts exchanged', () => {
    const document = makeDocument({
      ...OPENINGS,
      content: { value: OPENINGS.content?.value ?? {}, salt: OPENINGS.identity?.salt ?? '' },
    });
    expect(codes(verify(document))).toEqual(['commitment_mismatch']);
  });

  test('the place is named', () => {
    expect(verify(replaceIn(['user', 'id'], 'mallory')).failures).toMatchObject([
      { code: 'commitment_mismatch', place: { field: 'audit.commitments.identity' } },
    ]);
    expect(verify(replaceIn(['oidc', 'client_id'], 'other')).failures).toMatchObject([
      { code: 'document_hash_mismatch', place: { field: 'audit.integrity.hash' } },
      { code: 'inclusion_unproven' },
    ]);
    expect(codes(verify(replaceIn(['audit', 'integrity', 'hash'], HASH.replace(/^./, 'x'))))).toEqual([
      'document_hash_mismatch',
    ]);
    expect(verify(replaceIn(['audit', 'integrity', 'checkpoint_size'], SIZE + 1)).failures).toMatchObject([
      { code: 'document_size_mismatch', place: { field: 'audit.integrity.checkpoint_size' } },
    ]);
    expect(codes(verify(replaceIn(['audit', 'ledger', 'index'], INDEX + 1)))).toContain(
      'document_index_mismatch',
    );
    expect(codes(verify(replaceIn(['audit', 'ledger', 'origin'], 'other')))).toContain('origin_mismatch');
  });

  test('a failure hides no other', () => {
    const document = replaceIn(['user', 'id'], 'mallory');
    const report = verify(
      { ...document, '@timestamp': 'now' },
      { proof: PROOF.replace(`\n${SIZE}\n`, '\n401\n') },
    );
    expect(codes(report).toSorted()).toEqual([
      'checkpoint_signature_invalid',
      'commitment_mismatch',
      'document_hash_mismatch',
      'document_size_mismatch',
      'inclusion_unproven',
    ]);
  });
});

describe('the proof', () => {
  test('any character of it changed fails', () => {
    for (let at = 0; at < PROOF.length; at++) {
      const other = PROOF[at] === 'A' ? 'B' : 'A';
      expect(verify(makeDocument(), { proof: PROOF.slice(0, at) + other + PROOF.slice(at + 1) }).ok).toBe(
        false,
      );
    }
  });

  test('of another entry, at another size, of another log', async () => {
    const read = tileHashReader(sourceOf(LOG), SIZE);
    const other = formatTlogProof({
      index: 5,
      hashes: await computeInclusionProof(5, SIZE, read),
      checkpoint: NOTE,
    });
    expect(codes(verify(makeDocument(), { proof: other }))).toEqual([
      'document_index_mismatch',
      'inclusion_unproven',
    ]);
    const root = Buffer.from(NOTE.split('\n')[2] ?? '', 'base64');
    const elsewhere = formatTlogProof({
      index: INDEX,
      hashes: HASHES,
      checkpoint: signCheckpoint({ size: SIZE, root, origin: 'x.example' }),
    });
    expect(codes(verify(makeDocument(), { proof: elsewhere }))).toEqual([
      'origin_mismatch',
      'origin_mismatch',
    ]);
  });

  test('garbage in any argument is a finding', () => {
    expect(codes(verify(makeDocument(), { proof: '' }))).toEqual(['proof_malformed']);
    expect(codes(verify(makeDocument(), { proof: 'c2sp.org/tlog-proof@v1\nindex 300\n\nx' }))).toEqual([
      'checkpoint_malformed',
    ]);
    expect(codes(verify(makeDocument(), { vkey: 'nonsense' }))).toEqual(['vkey_malformed']);
    expect(codes(verify({}))).toEqual(['document_malformed']);
  });

  test('any JSON object is verified without a throw, and fails', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
        fc.string(),
        (document, proof) => {
          const hostile = copyOf(document);
          expect(verify(hostile).ok).toBe(false);
          expect(verify({ ...makeDocument(), ...hostile }, { proof }).ok).toBe(false);
        },
      ),
    );
  });

  test('a document nested past any stack is a finding', () => {
    let deep: JsonValue = 1;
    for (let i = 0; i < 100_000; i++) deep = { a: deep };
    expect(verify({ ...makeDocument(), deep }).ok).toBe(false);
    expect(codes(verify({ ...makeDocument(), user: deep }))).toContain('document_malformed');
  });
});

describe('the text of a report', () => {
  test('of a good and of a bad document', () => {
    const good = formatDocumentReport(verify(makeDocument()));
    expect(good).toContain(`VERIFIED  record trace-span${INDEX}-stream`);
    expect(good).toContain('proven content, identity, network');
    expect(good).toContain('unanchored');
    const bad = formatDocumentReport(verify(replaceIn(['user', 'id'], 'mallory')));
    expect(bad).toContain('FAILED');
    expect(bad).toContain('audit.commitments.identity — commitment_mismatch');
    expect(formatDocumentReport(verify({}))).toContain('(unknown)');
  });
});

describe('the witnesses of a proof', () => {
  const proofWith = (checkpoint: string): string =>
    formatTlogProof({ index: INDEX, hashes: HASHES, checkpoint });
  const check = (proof: string, quorum?: number): DocumentReport =>
    verifyDocument({
      document: makeDocument(),
      proof,
      vkey: VKEY,
      witnesses: WITNESS_VKEYS,
      ...(quorum !== undefined && { quorum }),
    });
  const [a, b] = WITNESSES;

  test('are stated', () => {
    const report = check(proofWith(cosign(NOTE, [a, b])));
    expect(codes(report)).toEqual([]);
    expect(report.assurance).toMatchObject({ level: 'witnessed', signed: 2, of: 3, size: SIZE });
    expect(formatDocumentReport(report)).toContain('Assurance: witnessed 2/3');
  });

  test('are too few', () => {
    expect(codes(check(proofWith(cosign(NOTE, [a]))))).toEqual(['quorum_missing']);
    expect(codes(check(PROOF))).toEqual(['quorum_missing']);
    expect(codes(check(PROOF, 0))).toEqual([]);
  });

  test('signed something else', () => {
    const other = cosign(signCheckpoint({ size: SIZE, root: new Uint8Array(32) }), [a]);
    const line = other.split('\n').findLast((each) => each.includes(a.name)) ?? '';
    expect(codes(check(proofWith(`${cosign(NOTE, [b])}${line}\n`), 1))).toEqual(['cosignature_invalid']);
  });

  test('a quorum that is no number of them is a mistake of the caller', () => {
    expect(() => check(PROOF, 4)).toThrow(TypeError);
  });
});
