import { takeNumber } from './json-numbers.ts';
import type { JsonScan } from './json-scan.ts';
import { skipText } from './json-strings.ts';
import { TextPattern } from './text-pattern.ts';
import { UnusualJson } from './unusual-json.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const LOWER_N = 0x6e;

/** How deep what is skipped may be nested: with all that may be around it, less than a request may be. */
const MAX_SKIPPED_DEPTH = 16;

const NULL = new TextPattern('null');
const TRUE = new TextPattern('true');
const FALSE = new TextPattern('false');

/** Takes `null` if it comes next. */
export function takeNull(scan: JsonScan): boolean {
  return scan.peek() === LOWER_N && scan.takeText(NULL);
}

/** Takes `true` or `false`. */
export function takeBoolean(scan: JsonScan): boolean {
  scan.peek();
  if (scan.takeText(TRUE)) return true;
  if (scan.takeText(FALSE)) return false;
  throw new UnusualJson();
}

/** Takes a value that nobody reads. */
export function skipValue(scan: JsonScan, depth = 0): void {
  switch (scan.peek()) {
    case OPEN_BRACE:
      if (depth === MAX_SKIPPED_DEPTH) throw new UnusualJson();
      if (!scan.openObject()) return;
      do {
        scan.expect(QUOTE);
        skipText(scan);
        scan.expect(COLON);
        skipValue(scan, depth + 1);
      } while (scan.nextMember());
      return;
    case OPEN_BRACKET:
      if (depth === MAX_SKIPPED_DEPTH) throw new UnusualJson();
      if (!scan.openList()) return;
      do skipValue(scan, depth + 1);
      while (scan.nextItem());
      return;
    case QUOTE:
      scan.at++;
      skipText(scan);
      return;
    default:
      if (scan.takeText(NULL) || scan.takeText(TRUE) || scan.takeText(FALSE)) return;
      takeNumber(scan);
  }
}
