/**
 * Key statements, an addition to the formats of C2SP: how a key of a log gives way to another. A statement is a
 * signed note with the signatures of both keys, over the text
 *
 *     spanledger key statement v1
 *     <origin>
 *     number <decimal, from 1>
 *     previous <base64 of the SHA-256 of the text of the statement before> | none
 *     key <verification key of the newest key>
 *     from <first size at which its signatures count>
 *     replaces <verification key of an older one>
 *     replaced active | retired <size> | revoked <size>
 *
 * The size after `retired` and `revoked` is the first at which the older key's signatures count no more. The second line of
 * a checkpoint is a number, so that no statement is a checkpoint, whatever the origin.
 */
import { decodeBase64, encodeBase64, parseDecimal } from './encoding.ts';
import { formatVerificationKey, isKeyName, parseVerificationKey, type NoteVerificationKey } from './note.ts';
import { malformed, parsed, type Parsed } from './parsed.ts';
import { HASH_BYTES } from './tile.ts';

const FIRST_LINE = 'spanledger key statement v1';
const LABELS = ['number', 'previous', 'key', 'from', 'replaces', 'replaced'] as const;
const NONE = 'none';
const ACTIVE = 'active';

/** How a key ended: `retired` as planned, `revoked` because somebody else may have it. */
export interface KeyEnd {
  state: 'retired' | 'revoked';
  /** The first size at which its signatures count no more. */
  from: number;
}

/** What a key statement says. Nothing in it is to be believed before the note was verified. */
export interface KeyStatement {
  /** The log's identity. */
  origin: string;
  /** From 1. */
  number: number;
  /** SHA-256 of the text of the statement before; the first has none. */
  previous?: Uint8Array;
  /** The newest key. */
  key: NoteVerificationKey;
  /** The first size at which the signatures of `key` count. */
  from: number;
  /** An older key. */
  replaces: NoteVerificationKey;
  /** Absent while signatures of the older key go on to count. */
  end?: KeyEnd;
}

/**
 * Writes a statement's text, the bytes to be signed.
 *
 * @throws TypeError if a member cannot stand in a statement
 */
export function formatKeyStatement(statement: KeyStatement): string {
  const { origin, number, previous, key, from, replaces, end } = statement;
  if (!isKeyName(origin)) throw new TypeError(`not an origin: ${JSON.stringify(origin)}`);
  if (previous !== undefined && previous.length !== HASH_BYTES)
    throw new TypeError('a hash is 32 bytes long');
  for (const size of [number, from, ...(end === undefined ? [] : [end.from])]) {
    if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`not a number of a statement: ${size}`);
  }
  const values = {
    number: `${number}`,
    previous: previous === undefined ? NONE : encodeBase64(previous),
    key: formatVerificationKey(key),
    from: `${from}`,
    replaces: formatVerificationKey(replaces),
    replaced: end === undefined ? ACTIVE : `${end.state} ${end.from}`,
  };
  return `${[FIRST_LINE, origin, ...LABELS.map((label) => `${label} ${values[label]}`)].join('\n')}\n`;
}

/** Reads a statement's text strictly. */
export function parseKeyStatement(text: string): Parsed<KeyStatement> {
  const lines = text.split('\n');
  if (lines.pop() !== '') return malformed('it does not end in a newline');
  const [first, origin = '', ...labelled] = lines;
  if (first !== FIRST_LINE) return malformed(`its first line is not "${FIRST_LINE}"`);
  if (!isKeyName(origin)) return malformed('its origin is empty, too long, or holds a space');
  if (labelled.length !== LABELS.length) return malformed(`it does not have ${LABELS.length + 2} lines`);
  const values: string[] = [];
  for (const [i, label] of LABELS.entries()) {
    const line = labelled[i] ?? '';
    if (!line.startsWith(`${label} `)) return malformed(`its line ${i + 3} is not "${label} …"`);
    values.push(line.slice(label.length + 1));
  }
  const [numberText = '', previousText = '', keyText = '', fromText = '', replacesText = '', endText = ''] =
    values;
  const number = parseDecimal(numberText);
  const from = parseDecimal(fromText);
  if (number === undefined || from === undefined) return malformed('a number of it is none below 2^53');
  const previous = previousText === NONE ? undefined : decodeBase64(previousText);
  if (previousText !== NONE && previous?.length !== HASH_BYTES)
    return malformed('its previous hash is not 32 bytes in base64');
  const key = parseVerificationKey(keyText);
  if (!key.ok) return malformed(`its key cannot be read: ${key.detail}`);
  const replaces = parseVerificationKey(replacesText);
  if (!replaces.ok) return malformed(`the key that it replaces cannot be read: ${replaces.detail}`);
  const end = parseEnd(endText);
  if (end === undefined)
    return malformed('its last line is not "replaced active | retired <size> | revoked <size>"');
  const statement = {
    origin,
    number,
    ...(previous === undefined ? {} : { previous }),
    key: key.value,
    from,
    replaces: replaces.value,
    ...(end === ACTIVE ? {} : { end }),
  };
  if (formatKeyStatement(statement) !== text) return malformed('it is not spelled as its content demands');
  return parsed(statement);
}

function parseEnd(text: string): KeyEnd | typeof ACTIVE | undefined {
  if (text === ACTIVE) return ACTIVE;
  const [state, size = '', ...rest] = text.split(' ');
  const from = parseDecimal(size);
  if ((state !== 'retired' && state !== 'revoked') || from === undefined || rest.length > 0) return undefined;
  return { state, from };
}
