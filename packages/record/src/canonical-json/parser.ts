import { RecordError } from '../errors.ts';
import { emptyObject } from '../json-object.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { MAX_JSON_DEPTH } from '../limits.ts';
import { utf8Decoder } from '../text.ts';
import { canonicalString } from './writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** What a number may be made of; whether it is canonical, printing it again tells. */
const NUMBER = /[-+.0-9eE]+/y;

/**
 * Reads RFC 8785 bytes, and only these: valid UTF-8, one object, members in order and without duplicates, no
 * white space, minimal escapes, numbers as ECMAScript prints them. Whatever it returns, `encodeCanonical` turns
 * into the very same bytes. The objects have no prototype, so foreign names are safe to look up.
 *
 * @throws RecordError `record_malformed` for what is no JSON object, `record_not_canonical` for JSON in another
 *   form, `value_too_deep` past `MAX_JSON_DEPTH`.
 */
export function parseCanonical(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new RecordError('record_malformed', 'The bytes are not valid UTF-8.', { cause });
  }
  return new CanonicalReader(text).document();
}

class CanonicalReader {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonObject {
    if (this.#text.charCodeAt(0) !== OPEN_BRACE) throw this.#malformed('an object');
    const object = this.#object();
    if (this.#position !== this.#text.length) throw this.#malformed('the end');
    return object;
  }

  #value(): JsonValue {
    const code = this.#text.charCodeAt(this.#position);
    if (code === QUOTE) return this.#string();
    if (code === OPEN_BRACE) return this.#object();
    if (code === OPEN_BRACKET) return this.#array();
    if (this.#literal('true')) return true;
    if (this.#literal('false')) return false;
    if (this.#literal('null')) return null;
    return this.#number();
  }

  #object(): JsonObject {
    const object = emptyObject();
    this.#enter();
    if (this.#take(CLOSE_BRACE)) return this.#leave(object);
    let previous: string | undefined;
    do {
      if (this.#text.charCodeAt(this.#position) !== QUOTE) throw this.#malformed('a member name');
      const at = this.#position;
      const key = this.#string();
      if (previous !== undefined && key <= previous) {
        throw this.#notCanonical(at, key === previous ? 'a duplicate member' : 'a member out of order');
      }
      if (!this.#take(COLON)) throw this.#malformed('a colon');
      object[key] = this.#value();
      previous = key;
    } while (this.#take(COMMA));
    if (!this.#take(CLOSE_BRACE)) throw this.#malformed('a comma or the end of the object');
    return this.#leave(object);
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = [];
    this.#enter();
    if (this.#take(CLOSE_BRACKET)) return this.#leave(items);
    do items.push(this.#value());
    while (this.#take(COMMA));
    if (!this.#take(CLOSE_BRACKET)) throw this.#malformed('a comma or the end of the array');
    return this.#leave(items);
  }

  #string(): string {
    const text = this.#text;
    const start = this.#position;
    let plain = true;
    let end = start + 1;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        plain = false;
        end++;
      } else if (!(code >= 0x20)) {
        // Also NaN: past the end of the text.
        this.#position = end;
        throw this.#unexpected('the rest of a string');
      }
    }
    this.#position = end + 1;
    if (plain) return text.slice(start + 1, end);
    const quoted = text.slice(start, end + 1);
    const value = unquote(quoted);
    if (value === undefined) throw this.#notCanonical(start, 'a string that is no JSON');
    if (!value.isWellFormed() || canonicalString(value) !== quoted) {
      throw this.#notCanonical(start, 'an escape that should not be there');
    }
    return value;
  }

  #number(): number {
    NUMBER.lastIndex = this.#position;
    const literal = NUMBER.exec(this.#text)?.[0];
    if (literal === undefined) throw this.#malformed('a value');
    const value = Number(literal);
    if (!Number.isFinite(value) || String(value) !== literal) {
      throw this.#notCanonical(this.#position, 'a number in another form');
    }
    this.#position += literal.length;
    return value;
  }

  #literal(word: string): boolean {
    if (!this.#text.startsWith(word, this.#position)) return false;
    this.#position += word.length;
    return true;
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#position) !== code) return false;
    this.#position++;
    return true;
  }

  /** Steps past the opening brace or bracket. */
  #enter(): void {
    this.#position++;
    if (++this.#depth > MAX_JSON_DEPTH) {
      throw new RecordError('value_too_deep', `The bytes nest more than ${MAX_JSON_DEPTH} levels deep.`);
    }
  }

  #leave<T>(value: T): T {
    this.#depth--;
    return value;
  }

  #malformed(expected: string): RecordError {
    // White space between tokens is JSON, only not canonical.
    const isBlank = /^[ \t\r\n]$/.test(this.#text.charAt(this.#position));
    return isBlank ? this.#notCanonical(this.#position, 'white space') : this.#unexpected(expected);
  }

  #unexpected(expected: string): RecordError {
    const found = this.#text.charAt(this.#position);
    const what = found === '' ? 'the end' : JSON.stringify(found);
    return new RecordError(
      'record_malformed',
      `Expected ${expected} at character ${this.#position}, found ${what}.`,
    );
  }

  #notCanonical(position: number, what: string): RecordError {
    return new RecordError('record_not_canonical', `Not in RFC 8785 form: ${what} at character ${position}.`);
  }
}

function unquote(quoted: string): string | undefined {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
