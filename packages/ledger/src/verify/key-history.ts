/**
 * The keys of a log and from which size to which the signatures of each count. They are stated in the file `keys`
 * beside `checkpoint`: key statements (key-statement.ts), end to end, the first made first. Each names the hash of the
 * one before and is signed by the key that comes and the one that goes. So whoever trusts any one key of the log can
 * follow the statements to all others, forwards and backwards.
 */
import { sha256 } from '#crypto';
import { encodeUtf8, equalBytes } from './encoding.ts';
import type { VerificationFailureCode } from './failures.ts';
import { splitNotes } from './history-file.ts';
import { parseKeyStatement, type KeyEnd, type KeyStatement } from './key-statement.ts';
import {
  formatVerificationKey,
  MAX_NOTE_LENGTH,
  parseNote,
  verifyNote,
  type NoteVerificationKey,
} from './note.ts';

/** Where the statements stand, below the log's prefix. */
export const KEYS_PATH = 'keys';

/** The most statements that are read. */
export const MAX_KEY_STATEMENTS = 1_000;

/** `active`: it signs; `retired`: it ended as planned; `revoked`: it ended because somebody else may have it. */
export type KeyState = 'active' | 'retired' | 'revoked';

/** A key of a log. */
export interface LogKey extends NoteVerificationKey {
  /** The verification key as text. */
  vkey: string;
  state: KeyState;
  /** The first size at which its signatures count. */
  from: number;
  /** The first size at which they count no more; absent while it is active. */
  until?: number;
}

/** All keys of a log, the first one first. */
export interface LogKeys {
  /** The log's origin, which is the name of each of its keys. */
  name: string;
  keys: readonly LogKey[];
}

/** Something that is wrong with the statements. */
export interface KeyProblem {
  code: Extract<
    VerificationFailureCode,
    | 'keys_malformed'
    | 'key_statement_forged'
    | 'key_statement_foreign'
    | 'key_statement_misplaced'
    | 'key_statement_contradictory'
    | 'vkey_unknown'
  >;
  /** Which statement, from 1, as they stand in the file; absent where it is about the file. */
  statement?: number;
  detail: string;
}

/** What {@link readKeyHistory} finds. */
export interface KeyHistory {
  /** Those that can be believed: without problems all that are stated, otherwise up to the first problem. */
  keys: LogKeys;
  /** The statements that can be believed. */
  statements: { statement: KeyStatement; text: string; note: string }[];
  problems: KeyProblem[];
}

/**
 * Reads and verifies the statements about a log's keys.
 *
 * @param text what `keys` holds; undefined for a log that has none, whose only key is the trusted one
 * @param trusted the key from which the others are reached; without one all that the statements say is believed
 */
export function readKeyHistory(
  text: string | undefined,
  trusted: NoteVerificationKey | undefined,
): KeyHistory {
  const alone = trusted === undefined ? [] : [firstKey(trusted)];
  const name = trusted?.name ?? '';
  const { notes, rest } = splitNotes(text ?? '');
  const history = new Statements(trusted);
  if ((text?.length ?? 0) > MAX_NOTE_LENGTH || notes.length > MAX_KEY_STATEMENTS) {
    const detail = `It holds more than ${MAX_KEY_STATEMENTS} statements, or more than ${MAX_NOTE_LENGTH} characters.`;
    return { keys: { name, keys: alone }, statements: [], problems: [{ code: 'keys_malformed', detail }] };
  }
  const problems: KeyProblem[] = [];
  for (const [i, note] of notes.entries()) {
    const problem = history.add(note);
    if (problem === undefined) continue;
    // What follows leans on it.
    problems.push({ ...problem, statement: i + 1 });
    break;
  }
  if (problems.length === 0 && rest !== '') {
    const detail = `After ${notes.length} statements follows something that is none.`;
    problems.push({ code: 'keys_malformed', statement: notes.length + 1, detail });
  }
  const { keys, statements } = history;
  const isReached = trusted === undefined || keys.some((key) => isSameKey(key, trusted));
  if (isReached && keys.length > 0) {
    return { keys: { name: keys[0]?.name ?? name, keys }, statements, problems };
  }
  if (keys.length > 0 && problems.length === 0) {
    const detail = `The statements lead to ${keys.length} keys of the log, and the key that was given is none of them.`;
    problems.push({ code: 'vkey_unknown', detail });
  }
  return { keys: { name, keys: alone }, statements: [], problems };
}

/** Whether a key's signature on a checkpoint of some size counts. */
export function isValidAt({ from, until }: LogKey, size: number): boolean {
  return size >= from && (until === undefined || size < until);
}

/** Whether two verification keys are the same one. */
export function isSameKey(a: NoteVerificationKey, b: NoteVerificationKey): boolean {
  return a.name === b.name && equalBytes(a.publicKey, b.publicKey);
}

/** The only key of a log that has replaced none. */
export function soleKey(key: NoteVerificationKey): LogKeys {
  return { name: key.name, keys: [firstKey(key)] };
}

function firstKey(key: NoteVerificationKey): LogKey {
  return { ...key, vkey: formatVerificationKey(key), state: 'active', from: 0 };
}

/** Statements that were verified, and what they come to. */
class Statements {
  readonly #origin: string | undefined;
  readonly statements: KeyHistory['statements'] = [];
  #keys: LogKey[] = [];

  constructor(trusted: NoteVerificationKey | undefined) {
    this.#origin = trusted?.name;
  }

  get keys(): readonly LogKey[] {
    return this.#keys;
  }

  add(note: string): Omit<KeyProblem, 'statement'> | undefined {
    const signed = parseNote(note);
    if (!signed.ok) return { code: 'keys_malformed', detail: `It is no signed note: ${signed.detail}.` };
    const { text } = signed.value;
    const read = parseKeyStatement(text);
    if (!read.ok) return { code: 'keys_malformed', detail: `It is no key statement: ${read.detail}.` };
    const statement = read.value;
    const { origin, key, replaces } = statement;
    const expected = this.#origin ?? this.#keys[0]?.name ?? origin;
    if ([origin, key.name, replaces.name].some((name) => name !== expected)) {
      const foreign = JSON.stringify(origin.slice(0, 500));
      return {
        code: 'key_statement_foreign',
        detail: `It is about ${foreign} and its keys, this log is ${expected}.`,
      };
    }
    for (const signer of [key, replaces]) {
      // Each on its own: IDs are short, and one key's signature must not pass for the other's.
      if (verifyNote(signed.value, [signer]).verified.length > 0) continue;
      const detail = `It has no good signature by the key ${formatVerificationKey(signer)}.`;
      return { code: 'key_statement_forged', detail };
    }
    const problem = this.#checkPlace(statement) ?? this.#apply(statement);
    if (problem !== undefined) return problem;
    this.statements.push({ statement, text, note });
    return undefined;
  }

  #checkPlace({ number, previous }: KeyStatement): Omit<KeyProblem, 'statement'> | undefined {
    const before = this.statements.at(-1);
    const hash = before && sha256(encodeUtf8(before.text));
    const isNext =
      number === this.statements.length + 1 &&
      (hash === undefined ? previous === undefined : previous !== undefined && equalBytes(previous, hash));
    if (isNext) return undefined;
    const wanted = this.statements.length + 1;
    const detail =
      number === wanted
        ? `It has number ${number} and does not follow the statement before it.`
        : `It has number ${number}, where number ${wanted} belongs.`;
    return { code: 'key_statement_misplaced', detail };
  }

  #apply({ key, from, replaces, end }: KeyStatement): Omit<KeyProblem, 'statement'> | undefined {
    const keys = this.#keys.length > 0 ? this.#keys : [firstKey(replaces)];
    const newest = keys.at(-1);
    const at = keys.findIndex((known) => isSameKey(known, replaces));
    const old = keys[at];
    if (old === undefined) return contradiction('It replaces a key that the log never had.');
    const isNew = !keys.some((known) => isSameKey(known, key));
    if (isNew && old !== newest) return contradiction('It replaces a key that was replaced before.');
    if (isNew && from < old.from)
      return contradiction('It brings a key that begins before the one it replaces.');
    if (isNew && keys.some(({ keyId }) => keyId === key.keyId))
      return contradiction('It brings a key with the ID of another key of the log.');
    if (isNew && keys.slice(0, -1).some(({ state }) => state === 'active'))
      return contradiction('It brings a third key while two are active.');
    if (
      !isNew &&
      (newest === undefined || !isSameKey(newest, key) || newest.from !== from || end === undefined)
    )
      return contradiction('It neither brings a new key nor ends an old one.');
    if (!isNew && old === newest) return contradiction('It ends the newest key.');
    const next = isNew ? from : (keys[at + 1]?.from ?? from);
    if (end !== undefined && !isPossibleEnd(old, end, next))
      return contradiction(
        'The end that it states for the old key leaves a gap, or takes an earlier end back.',
      );
    const ended: LogKey = end === undefined ? old : { ...old, state: end.state, until: end.from };
    const added: LogKey[] = isNew
      ? [{ ...key, vkey: formatVerificationKey(key), state: 'active', from }]
      : [];
    this.#keys = [...keys.with(at, ended), ...added];
    return undefined;
  }
}

/** Whether a key can end so: a retired one hands over without a gap, and no end comes after an earlier one. */
function isPossibleEnd(old: LogKey, end: KeyEnd, next: number): boolean {
  if (old.until !== undefined && end.from > old.until) return false;
  return end.state === 'revoked' || (old.state === 'active' && end.from >= next);
}

function contradiction(detail: string): Omit<KeyProblem, 'statement'> {
  return { code: 'key_statement_contradictory', detail };
}
