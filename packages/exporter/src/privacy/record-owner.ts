/** Whose a record is, as it stands in the ledger. */
export interface RecordOwner {
  /** Of the record's time: `yyyy-mm-dd`. */
  day: string;
  actor: { id: string; type: string };
  /** `audit.session.id`; empty where there is none. */
  sessionRef: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** How a canonical record begins: nothing sorts before these two members. */
const TIMESTAMP = Buffer.from('{"@timestamp":"');
const AUDIT = Buffer.from('","audit":{');
const TIMESTAMP_LENGTH = 'yyyy-mm-ddThh:mm:ss.nnnnnnnnnZ'.length;
const DAY_LENGTH = 'yyyy-mm-dd'.length;

const ACTOR = Buffer.from('"actor":{"id":"');
const TYPE = Buffer.from('","type":"');
const SESSION = Buffer.from('"session":{"id":"');

/**
 * Reads whose a record is from its canonical bytes, of which it looks at few: the vault does so for every record, and to
 * parse them costs more than to seal them.
 *
 * @returns undefined for bytes of any other form; then they are to be parsed
 */
export function readOwner(entry: Uint8Array): RecordOwner | undefined {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const auditAt = TIMESTAMP.length + TIMESTAMP_LENGTH;
  if (!isAt(bytes, 0, TIMESTAMP) || !isAt(bytes, auditAt, AUDIT)) return undefined;
  const actorAt = findActor(bytes, auditAt + AUDIT.length);
  const actor = actorAt === undefined ? undefined : readActor(bytes, actorAt);
  if (actorAt === undefined || actor === undefined) return undefined;
  // No text holds a bare quote, so it is a member, and no other object of a record has one of this name that begins so.
  const sessionAt = bytes.indexOf(SESSION, actorAt);
  const sessionRef = sessionAt === -1 ? '' : readText(bytes, sessionAt + SESSION.length);
  if (sessionRef === undefined) return undefined;
  const day = bytes.toString('latin1', TIMESTAMP.length, TIMESTAMP.length + DAY_LENGTH);
  return { day, actor, sessionRef };
}

/** Member by member: what stands in a text, or deeper, is not the record's. */
function findActor(bytes: Buffer, from: number): number | undefined {
  for (let at = from; bytes[at] === QUOTE; at++) {
    if (isAt(bytes, at, ACTOR)) return at;
    at = endOfMember(bytes, at);
    if (bytes[at] !== COMMA) return undefined;
  }
  return undefined;
}

function readActor(bytes: Buffer, at: number): RecordOwner['actor'] | undefined {
  const id = readText(bytes, at + ACTOR.length);
  if (id === undefined) return undefined;
  const typeAt = at + ACTOR.length + id.length;
  if (!isAt(bytes, typeAt, TYPE)) return undefined;
  const type = readText(bytes, typeAt + TYPE.length);
  return type === undefined ? undefined : { id, type };
}

/** A text of plain characters, up to its quote; undefined for any other. */
function readText(bytes: Buffer, from: number): string | undefined {
  for (let at = from; ; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return bytes.toString('latin1', from, at);
    if (byte === undefined || byte === BACKSLASH || byte > 0x7e) return undefined;
  }
}

/** Where a member of an object ends: at the comma or brace after it, or at the end of the bytes. */
function endOfMember(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfText(bytes, at + 1);
    else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) depth++;
    else if (depth === 0 && (byte === COMMA || byte === CLOSING_BRACE)) return at;
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) depth--;
  }
  return bytes.length;
}

/** Where the quote stands that ends a text. */
function endOfText(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function isAt(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
