import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as record from '@spanledger/record';
import { closeDocument, computeCommitment, openDocument, parseCanonical } from '@spanledger/record';
import type { JsonObject, OtlpValue } from '@spanledger/record';
import {
  CLEAR_ATTRIBUTES,
  COMMITTED_ATTRIBUTES,
  RESERVED_ATTRIBUTES,
} from '../../../packages/record/src/field-table.ts';
import {
  at,
  attributesOf,
  entryOf,
  fixedCrypto,
  objectFrom,
  openingsOf,
  sha256,
  spanOf,
  text,
  utf8,
} from './samples.ts';

const page = readFileSync(new URL('../../../docs/record-format.md', import.meta.url), 'utf8');

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
function section(name: string): string {
  const found = page.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0];
  if (found === undefined) throw new Error(`docs/record-format.md has no section ${name}`);
  return found;
}

const fenced = (name: string): string => section(name).replaceAll(/^\s*```\w*\n|\n```\s*$/g, '');

/** The cells of a table, without its head, code quotes and blanks. */
const rows = (name: string): string[][] =>
  [...section(name).matchAll(/^\|(.*)\|$/gm)]
    .map(([, row]) => (row ?? '').split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .slice(2);

test('the table of attributes is the allow-list', () => {
  const listed = [
    ...[...CLEAR_ATTRIBUTES, ...RESERVED_ATTRIBUTES].map(([name, shape, field]) => [
      name,
      field ?? name,
      'clear',
      shape,
    ]),
    ...COMMITTED_ATTRIBUTES.map(([name, group, shape, field]) => [name, field ?? name, group, shape]),
  ];
  const byName = (a: string[], b: string[]): number => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1);
  expect(rows('attributes').toSorted(byName)).toEqual(listed.toSorted(byName));
});

test('the table of limits has every limit with its value', () => {
  const limits = Object.entries(record).filter(([name]) => /^MAX_|_MAX_/.test(name));
  expect(Object.fromEntries(rows('limits').map(([name, value]) => [name, Number(value)]))).toEqual(
    Object.fromEntries(limits),
  );
});

describe('the worked example', () => {
  const source = objectFrom(fenced('example:span'));
  const bytes = utf8.encode(fenced('example:record'));
  const example = parseCanonical(bytes);
  const openings = objectFrom(fenced('example:openings'));

  function attributesAt(path: string): Record<string, OtlpValue> {
    const value = at(source, path);
    return record.isJsonObject(value) ? value : {};
  }

  test('is what the span gives, byte for byte', () => {
    const [draft] = record.mapSpan(
      spanOf(
        {
          traceId: String(at(source, 'span.traceId')),
          spanId: String(at(source, 'span.spanId')),
          name: String(at(source, 'span.name')),
          kind: Number(at(source, 'span.kind')),
          startTimeUnixNano: BigInt(String(at(source, 'span.startTimeUnixNano'))),
          endTimeUnixNano: BigInt(String(at(source, 'span.endTimeUnixNano'))),
        },
        attributesAt('span.attributes'),
      ),
      {
        resource: attributesOf(attributesAt('resource')),
        scope: { name: String(at(source, 'scope.name')), version: String(at(source, 'scope.version')) },
      },
    );
    if (draft === undefined) throw new Error('no draft');
    const references = page.match(/`(\w{22})` for alice and `(\w{22})` for her session/);
    const batch = record.buildEntryBatch(
      [{ draft, actorRef: references?.[1] ?? '', sessionRef: references?.[2] ?? '' }],
      fixedCrypto,
    );
    const ledger = at(example, 'audit.ledger');
    expect(text(entryOf(batch, 0, record.isJsonObject(ledger) ? ledger : {}))).toBe(text(bytes));
    expect(openingsOf(batch, 0)).toEqual(openings);
  });

  test('has the hash it says', () => {
    const hash = Buffer.from(sha256(Buffer.concat([Uint8Array.of(0), bytes]))).toString('hex');
    expect(hash).toBe(fenced('example:hash'));
    expect(at(objectFrom(fenced('example:integrity')), 'audit.integrity.hash')).toBe(hash);
  });

  test('commits to the openings it says, and the command line says so too', () => {
    const opened = record.parseOpenings(record.encodeCanonical(openings));
    for (const group of record.COMMITMENT_GROUPS) {
      const opening = opened[group];
      if (opening === undefined) throw new Error(`no ${group}`);
      expect(at(example, `audit.commitments.${group}`)).toBe(computeCommitment(group, opening, sha256));
    }
    const hashed = page.match(/^printf '(.*)' \|$/m)?.[1] ?? '';
    const commitment = Buffer.from(sha256(utf8.encode(hashed))).toString('base64url');
    expect(page).toContain(`gives \`${commitment}=\``);
    expect(at(example, 'audit.commitments.identity')).toBe(commitment);
  });

  test('opens and closes', () => {
    const opened = record.parseOpenings(record.encodeCanonical(openings));
    const integrity = { hash: fenced('example:hash'), checkpointSize: 64 };
    const document: JsonObject = openDocument(example, opened, integrity);
    expect(document).toMatchObject(objectFrom(fenced('example:integrity')));
    expect(closeDocument(document)).toEqual({ record: example, openings: opened, integrity });
  });
});
