import { hashLeaf } from '@spanledger/ledger/verify';
import { encodeCanonical, isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import type { Random } from './random.ts';

/** The same record with something said that never was, canonical as before. */
export function forge(entry: Uint8Array, random: Random): Uint8Array {
  const record = parse(entry);
  const change = random.pick<[string, JsonObject]>([
    ['event', { outcome: 'failure' }],
    ['audit', { outcome: 'failure' }],
    ['audit', { actor: { id: `forged${random.integer(1000)}`, type: 'user' } }],
    ['audit', { action: 'DELETE' }],
    ['http', { response: { status_code: 403 } }],
    ['service', { name: 'another' }],
  ]);
  const [name, members] = change;
  return encodeCanonical({ ...record, [name]: { ...objectIn(record, name), ...members } });
}

/** Has entries, from one on, state the place at which they stand, and name the entry before them. */
export function rechain(entries: readonly Uint8Array[], from: number, origin?: string): Uint8Array[] {
  const chained = entries.slice(0, from);
  for (const [i, entry] of entries.slice(from).entries()) {
    const record = parse(entry);
    const audit = objectIn(record, 'audit');
    const { previous: _previous, ...place } = objectIn(audit, 'ledger');
    const before = chained.at(-1);
    const ledger = {
      ...place,
      index: from + i,
      ...(origin !== undefined && { origin }),
      ...(before !== undefined && { previous: Buffer.from(hashLeaf(before)).toString('hex') }),
    };
    chained.push(encodeCanonical({ ...record, audit: { ...audit, ledger } }));
  }
  return chained;
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const member = object[name];
  if (!isJsonObject(member)) throw new TypeError(`no object ${name}`);
  return member;
}

function parse(entry: Uint8Array): JsonObject {
  const record: JsonValue = JSON.parse(Buffer.from(entry).toString());
  if (!isJsonObject(record)) throw new TypeError('an entry that is no object');
  return record;
}
