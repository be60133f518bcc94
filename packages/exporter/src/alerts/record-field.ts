import { isIP } from 'node:net';
import { groupOfPath, isJsonObject, type JsonValue } from '@spanledger/record';

import type { FollowedRecord } from '../followed-records.ts';

/** A value that is neither object nor list. */
export type Scalar = string | number | boolean;

/** Reads a field of a record: all of its values, none where it has none. */
export type FieldReader = (record: FollowedRecord) => readonly Scalar[];

const NONE: readonly Scalar[] = [];

/** Objects whose member names may hold dots. */
const FLAT: readonly (readonly string[])[] = [['attributes'], ['oidc', 'claims']];

const MAPPED_V4 = /^::ffff:(?=\d+\.)/i;
const HEXTETS = 8;
const NETWORK_HEXTETS = 3;

/** Readers by field: many rules look at the same few fields of a record, one rule after the other. */
const READERS: Map<string, FieldReader> = new Map();

/** Rules are few, and may be many over the life of a process that tries them. */
const MAX_READERS = 4_096;

/**
 * Makes a reader of a field, in the clear or in an opened group, as the list of fields says where it is. It remembers the
 * answer for the record that it was asked about last, and must not be asked about one that has changed since.
 *
 * @param field - member names joined by dots; with `|network` after it an address counts as its network: /24, /48
 */
export function fieldReader(field: string): FieldReader {
  const known = READERS.get(field);
  if (known !== undefined) return known;
  const read = makeReader(field);
  let last: FollowedRecord | undefined;
  let answer = NONE;
  const reader: FieldReader = (record) => {
    if (record === last) return answer;
    answer = read(record);
    last = record;
    return answer;
  };
  if (READERS.size < MAX_READERS) READERS.set(field, reader);
  return reader;
}

function makeReader(field: string): FieldReader {
  const [name = '', modifier] = field.split('|');
  const path = membersOf(name);
  const group = groupOfPath(path);
  const read = ({ record, openings }: FollowedRecord): readonly Scalar[] =>
    scalars(at(group === 'clear' ? record : openings[group]?.value, path));
  if (modifier !== 'network') return read;
  return (record) => read(record).map((value) => (typeof value === 'string' ? networkOf(value) : value));
}

/** The network that an address stands for: /24 of IPv4, /48 of IPv6; what is no address stays as it is. */
export function networkOf(address: string): string {
  const plain = address.replace(MAPPED_V4, '');
  switch (isIP(plain)) {
    case 4:
      return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`;
    case 6:
      return `${expand(plain).slice(0, NETWORK_HEXTETS).join(':')}::/48`;
    default:
      return address;
  }
}

function expand(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, HEXTETS - before.length - after.length);
  const hextets = [...before, ...Array.from({ length: gap }, () => '0'), ...after];
  return hextets.map((hextet) => hextet.replace(/^0+(?=.)/, ''));
}

function membersOf(name: string): string[] {
  const members = name.split('.');
  const flat = FLAT.find((prefix) => prefix.every((member, i) => members[i] === member));
  if (flat === undefined || members.length <= flat.length) return members;
  return [...flat, members.slice(flat.length).join('.')];
}

function at(from: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let value = from;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function scalars(value: JsonValue | undefined): readonly Scalar[] {
  if (value === undefined || value === null) return NONE;
  if (typeof value !== 'object') return [value];
  return Array.isArray(value) ? value.flatMap(scalars) : NONE;
}
