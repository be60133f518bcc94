/**
 * JSON without what readers of it disagree about: a member that stands twice, of which JSON.parse silently keeps the
 * last, and a number that JavaScript cannot hold, which it rounds. Of a record that is to be verified, both would hide
 * from the verification what the file says.
 */

/** The deepest nesting that is read; records are far from it. */
const MAX_DEPTH = 64;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const STRING_REST = /[^"\\]*/y;

/** What comes of reading a text: its value, that it is no JSON, or what in it is refused. */
export type StrictJson =
  { kind: 'value'; value: unknown } | { kind: 'none' } | { kind: 'refused'; reason: string };

/**
 * Reads JSON.
 *
 * @returns `refused`, with a reason that names the member, for duplicate members, numbers that lose digits, and too
 *   much nesting; `none` for what is no JSON at all
 */
export function parseStrictJson(text: string): StrictJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'none' };
  }
  const reason = new Scanner(text).run();
  return reason === undefined ? { kind: 'value', value } : { kind: 'refused', reason };
}

/** An array or object that the scanner is in. */
interface Level {
  /** Names of an object's members so far; undefined in an array. */
  names: Set<string> | undefined;
  /** The member or item that is being read. */
  at: string;
  items: number;
}

/** Goes through a text that is known to be JSON, so that it looks only at what JSON.parse does not. */
class Scanner {
  readonly #text: string;
  readonly #levels: Level[] = [];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The reason for which the text is refused. */
  run(): string | undefined {
    for (;;) {
      this.#match(SPACE);
      if (this.#position >= this.#text.length) return undefined;
      const reason = this.#step(this.#text.charAt(this.#position));
      if (reason !== undefined) return reason;
    }
  }

  #step(char: string): string | undefined {
    const level = this.#levels.at(-1);
    switch (char) {
      case '{':
      case '[':
        if (this.#levels.length === MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} deep`;
        this.#levels.push({
          names: char === '{' ? new Set() : undefined,
          at: char === '{' ? '' : '0',
          items: 0,
        });
        break;
      case '}':
      case ']':
        this.#levels.pop();
        break;
      case ',':
        if (level !== undefined) {
          level.items += 1;
          level.at = level.names === undefined ? `${level.items}` : '';
        }
        break;
      case '"':
        return this.#string(level);
      default:
        if (char === '-' || (char >= '0' && char <= '9')) return this.#number();
    }
    // Also the letters of true, false and null, and colons.
    this.#position += 1;
    return undefined;
  }

  #string(level: Level | undefined): string | undefined {
    const start = this.#position;
    this.#position += 1;
    for (;;) {
      this.#match(STRING_REST);
      if (this.#text.charAt(this.#position) !== '\\') break;
      this.#position += 2;
    }
    this.#position += 1;
    const literal = this.#text.slice(start, this.#position);
    if (level?.names === undefined || level.at !== '') return undefined;
    const name = String(JSON.parse(literal));
    const isTwice = level.names.has(name);
    level.names.add(name);
    // An empty name is a name too, and no place that is still to be filled.
    level.at = name === '' ? '""' : name;
    return isTwice ? `the member ${JSON.stringify(this.#place())} stands twice` : undefined;
  }

  #number(): string | undefined {
    const literal = this.#match(NUMBER);
    if (isExact(literal)) return undefined;
    return `the number ${literal.slice(0, 60)} at ${JSON.stringify(this.#place())} is more exact than can be read`;
  }

  #place(): string {
    return this.#levels.map(({ at }) => at.slice(0, 200)).join('.');
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += found.length;
    return found;
  }
}

/** Whether a number printed again has the same digits, in whatever notation. */
function isExact(literal: string): boolean {
  const value = Number(literal);
  return Number.isFinite(value) && sameDigits(literal, String(value));
}

function sameDigits(a: string, b: string): boolean {
  const left = decimal(a);
  const right = decimal(b);
  return left.digits === right.digits && left.exponent === right.exponent;
}

/** A number as its digits without zeros at either end, and the power of ten of the last one. */
function decimal(literal: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = literal.replace(/^-/, '').split(/e/i);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = (whole + fraction).replace(/^0+/, '');
  let end = all.length;
  while (end > 0 && all.charAt(end - 1) === '0') end -= 1;
  const digits = all.slice(0, end);
  return { digits, exponent: digits === '' ? 0 : Number(power) - fraction.length + all.length - end };
}
