import type { FieldNames } from './field-names.ts';
import type { TextPattern } from './text-pattern.ts';
import { UnusualJson } from './unusual-json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What a name stands for. */
export interface NamedItem {
  name: Uint8Array;
  /** The name in quotes, and a colon. */
  text: TextPattern;
}

/**
 * Walks through JSON text that is known to be UTF-8, by RFC 8259. What is not as it should be, and what is not as it
 * usually is, ends in {@link UnusualJson}.
 */
export class JsonScan {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at = 0;
  /** Objects and lists that were opened. */
  containers = 0;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next byte that is no space, which is not taken; 0 at the end. */
  peek(): number {
    let byte = this.bytes[this.at] ?? 0;
    while (byte <= SPACE && isSpace(byte)) byte = this.bytes[++this.at] ?? 0;
    return byte;
  }

  /** Whether nothing but spaces follows. */
  isAtEnd(): boolean {
    return this.peek() === 0 && this.at === this.bytes.length;
  }

  /** Takes a byte that has to come next. */
  expect(byte: number): void {
    if (this.peek() !== byte) throw new UnusualJson();
    this.at++;
  }

  /** Takes a byte if it comes next. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Takes a text if it stands here. */
  takeText(pattern: TextPattern): boolean {
    if (!pattern.matches(this.view, this.at)) return false;
    this.at += pattern.length;
    return true;
  }

  /** Begins an object; returns whether it has members. */
  openObject(): boolean {
    this.expect(OPEN_BRACE);
    this.containers++;
    return !this.take(CLOSE_BRACE);
  }

  /** After a member: returns whether there is another one. */
  nextMember(): boolean {
    if (this.take(COMMA)) return true;
    this.expect(CLOSE_BRACE);
    return false;
  }

  /** Begins a list; returns whether it has items. */
  openList(): boolean {
    this.expect(OPEN_BRACKET);
    this.containers++;
    return !this.take(CLOSE_BRACKET);
  }

  /** After an item: returns whether there is another one. */
  nextItem(): boolean {
    if (this.take(COMMA)) return true;
    this.expect(CLOSE_BRACKET);
    return false;
  }

  /**
   * Takes a member's name and the colon; returns what belongs to the name, if it is known.
   *
   * @param guess - what is likely to come
   */
  member<Item extends NamedItem>(names: FieldNames<Item>, guess: Item | undefined): Item | undefined {
    if (guess !== undefined && this.takeText(guess.text)) return guess;
    this.expect(QUOTE);
    const start = this.at;
    const end = this.plainText();
    const item = names.find(this.bytes, start, end);
    this.expect(COLON);
    return item;
  }

  /** Takes the rest of a string without escapes, and its closing quote, of which the offset is returned. */
  plainText(): number {
    const { bytes } = this;
    let at = this.at;
    for (;;) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) break;
      // A name that is escaped may be one that is known.
      if (byte < SPACE || byte === BACKSLASH) throw new UnusualJson();
      at++;
    }
    this.at = at + 1;
    return at;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;
}
