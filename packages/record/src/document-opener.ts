import { COMMITMENT_GROUPS } from './audit-record.ts';
import type { DocumentIntegrity } from './document.ts';
import { endOfString, findMember, isSame, memberAt, readMembers } from './json-members.ts';
import type { JsonMember, JsonMembers } from './json-members.ts';
import { utf8Encoder } from './text.ts';

/** SHA-256, base64url without padding; injected. The bytes are used again afterwards. */
export type Sha256Base64url = (bytes: Uint8Array) => string;

/** Documents are written side by side into slabs of so many bytes. */
const SLAB_BYTES = 256 * 1024;

/** The most bytes of what a document has beyond its record and its openings: integrity, names, braces. */
const OWN_BYTES = 512;

/** Shorter pieces are copied byte by byte. */
const SHORT_BYTES = 48;

const CLOSING_BRACE = 0x7d;
const OPENING_BRACE = 0x7b;
const COMMA = 0x2c;

const ascii = (text: string): Uint8Array => utf8Encoder.encode(text);
const AUDIT = ascii('"audit"');
const INTEGRITY = ascii('"integrity"');
const OPENINGS = ascii('"openings"');
const PATH = [AUDIT, ascii('"commitments"')];
const SALT = ascii(':{"salt":');
const VALUE = ascii(',"value":');
const SALTS = ascii(',"openings":{');
const GROUPS: readonly GroupBytes[] = COMMITMENT_GROUPS.map((group) => ({
  name: ascii(`"${group}"`),
  hashed: ascii(`{"group":"${group}",`),
}));

/** What is written of a group. */
interface GroupBytes {
  name: Uint8Array;
  /** Up to its opening, in what is hashed. */
  hashed: Uint8Array;
}

/** An opened group, as it stands among the openings: `"group":{"salt":"…","value":{…}}`. */
interface OpenedGroup {
  /** Where the name of the group begins. */
  start: number;
  /** Just past the salt. */
  saltEnd: number;
  value: JsonMembers;
}

/**
 * Writes what `JSON.stringify(openDocument(…))` gives from the bytes of a record and of its openings, instead of from
 * what they parse to, several times as fast. The groups' commitments are computed on the way.
 */
export class DocumentOpener {
  readonly #sha256: Sha256Base64url;
  #message: Uint8Array = new Uint8Array(SLAB_BYTES);
  #slab: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(sha256: Sha256Base64url) {
    this.#sha256 = sha256;
  }

  /**
   * @param record - canonical bytes of a record that is known to be what was appended
   * @param openings - canonical bytes of the groups that are not erased; undefined where there are none
   * @returns JSON in UTF-8; undefined wherever it is not as simple as that, a group to which the record does not commit
   *   among it: `openDocument` says what to make of those
   */
  open(
    record: Uint8Array,
    openings: Uint8Array | undefined,
    integrity: DocumentIntegrity,
  ): Uint8Array | undefined {
    const document = readMembers(record, 0, record.length, PATH);
    const audit = document?.inner;
    if (document?.end !== record.length || audit === undefined) return undefined;
    if (findMember(audit, INTEGRITY) >= 0 || findMember(audit, OPENINGS) >= 0) return undefined;
    const groups = openings === undefined ? [] : this.#openGroups(audit.inner, openings);
    if (groups === undefined) return undefined;
    const start = this.#reserve(record.length + (openings?.length ?? 0) + OWN_BYTES);
    this.#copy(record, 0, audit.end - 1);
    this.#writeOwn(audit.count === 0, groups, integrity);
    const merged = [document, ...groups.map(({ value }) => value)];
    return this.#merge(merged, audit.end - 1) ? this.#slab.subarray(start, this.#at) : undefined;
  }

  /** @returns undefined unless the record commits to all that is opened */
  #openGroups(commitments: JsonMembers | undefined, openings: Uint8Array): OpenedGroup[] | undefined {
    const opened: OpenedGroup[] = [];
    if (commitments === undefined || openings[0] !== OPENING_BRACE) return undefined;
    let at = 1;
    for (const group of GROUPS) {
      const { name } = group;
      if (!isSame(openings, at, name, 0, name.length)) continue;
      const read = readOpening(openings, at, name);
      const place = findMember(commitments, name);
      if (read === undefined || place < 0) return undefined;
      const commitment = this.#commit(group, openings.subarray(at + name.length + 2, read.value.end + 1));
      if (!isString(memberAt(commitments, place), commitment)) return undefined;
      opened.push(read);
      at = read.value.end + 2;
    }
    // Every group is followed by a comma, the last one by the end.
    return at === openings.length && openings[at - 1] === CLOSING_BRACE ? opened : undefined;
  }

  #commit({ hashed }: GroupBytes, opening: Uint8Array): string {
    const length = hashed.length + opening.length;
    if (this.#message.length < length) this.#message = new Uint8Array(length);
    this.#message.set(hashed);
    this.#message.set(opening, hashed.length);
    return this.#sha256(this.#message.subarray(0, length));
  }

  /** `audit.integrity` and `audit.openings`. */
  #writeOwn(isFirst: boolean, groups: readonly OpenedGroup[], integrity: DocumentIntegrity): void {
    const { hash, checkpointSize } = integrity;
    const text = `${isFirst ? '' : ','}"integrity":{"checkpoint_size":${checkpointSize},"hash":"${hash}"}`;
    for (let i = 0; i < text.length; i++) this.#slab[this.#at++] = text.charCodeAt(i);
    for (const [i, { start, saltEnd, value }] of groups.entries()) {
      if (i === 0) this.#copy(SALTS, 0, SALTS.length);
      else this.#slab[this.#at++] = COMMA;
      this.#copy(value.bytes, start, saltEnd);
      this.#slab[this.#at++] = CLOSING_BRACE;
    }
    if (groups.length > 0) this.#slab[this.#at++] = CLOSING_BRACE;
  }

  /** Makes room; what was written before is never written over. */
  #reserve(bytes: number): number {
    if (this.#at + bytes > this.#slab.length) {
      this.#slab = new Uint8Array(Math.max(SLAB_BYTES, bytes));
      this.#at = 0;
    }
    return this.#at;
  }

  /**
   * Writes one object with the members of several; those of the first stay where they are.
   *
   * @param written - how far the first is written already
   * @returns whether there is one value at most for each place
   */
  #merge(objects: readonly JsonMembers[], written?: number): boolean {
    const [first] = objects;
    if (first === undefined) return false;
    let copied = written ?? first.start;
    for (let i = 0; i < first.count; i++) {
      const member = memberAt(first, i);
      const others = membersNamed(objects, 1, member);
      if (others.length === 0) continue;
      // Nothing is expected there.
      if (member.valueStart < copied) return false;
      this.#copy(first.bytes, copied, member.valueStart);
      if (!this.#mergeMembers([member, ...others])) return false;
      copied = member.valueEnd;
    }
    this.#copy(first.bytes, copied, first.end - 1);
    let isFirst = first.count === 0;
    for (let n = 1; n < objects.length; n++) {
      const object = objects[n];
      for (let i = 0; object !== undefined && i < object.count; i++) {
        const member = memberAt(object, i);
        if (isNamedBefore(objects, n, member)) continue;
        if (!isFirst) this.#slab[this.#at++] = COMMA;
        isFirst = false;
        const others = membersNamed(objects, n + 1, member);
        this.#copy(member.bytes, member.nameStart, others.length === 0 ? member.valueEnd : member.valueStart);
        if (others.length > 0 && !this.#mergeMembers([member, ...others])) return false;
      }
    }
    this.#slab[this.#at++] = CLOSING_BRACE;
    return true;
  }

  #mergeMembers(members: readonly JsonMember[]): boolean {
    const objects: JsonMembers[] = [];
    for (const { bytes, valueStart, valueEnd } of members) {
      const inner = readMembers(bytes, valueStart, valueEnd);
      if (inner === undefined) return false;
      objects.push(inner);
    }
    return this.#merge(objects);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > SHORT_BYTES) this.#slab.set(bytes.subarray(start, end), this.#at);
    else for (let i = start; i < end; i++) this.#slab[this.#at + i - start] = bytes[i] ?? 0;
    this.#at += end - start;
  }
}

/** Reads `"group":{"salt":"…","value":{…}}`. */
function readOpening(bytes: Uint8Array, start: number, name: Uint8Array): OpenedGroup | undefined {
  const salt = start + name.length + SALT.length;
  if (!isSame(bytes, salt - SALT.length, SALT, 0, SALT.length)) return undefined;
  const saltEnd = endOfString(bytes, salt, bytes.length);
  if (saltEnd === 0 || !isSame(bytes, saltEnd, VALUE, 0, VALUE.length)) return undefined;
  const value = readMembers(bytes, saltEnd + VALUE.length, bytes.length);
  return value === undefined || bytes[value.end] !== CLOSING_BRACE ? undefined : { start, saltEnd, value };
}

/** The members of that name in the objects from a number on. */
function membersNamed(objects: readonly JsonMembers[], from: number, name: JsonMember): JsonMember[] {
  const found: JsonMember[] = [];
  for (let n = from; n < objects.length; n++) {
    const object = objects[n];
    if (object === undefined) continue;
    const place = findMember(object, name.bytes, name.nameStart, name.valueStart - 1);
    if (place >= 0) found.push(memberAt(object, place));
  }
  return found;
}

function isNamedBefore(objects: readonly JsonMembers[], before: number, name: JsonMember): boolean {
  for (let n = 0; n < before; n++) {
    const object = objects[n];
    if (object && findMember(object, name.bytes, name.nameStart, name.valueStart - 1) >= 0) return true;
  }
  return false;
}

/** Whether a member is a string of these ASCII letters. */
function isString({ bytes, valueStart, valueEnd }: JsonMember, text: string): boolean {
  if (valueEnd - valueStart !== text.length + 2) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[valueStart + 1 + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
