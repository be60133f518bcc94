import { TextDecoder } from 'node:util';
import { MAX_JSON_CONTAINERS, MAX_JSON_DEPTH } from '../limits.ts';
import { malformed, tooLarge } from '../request-errors.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS = new Set([0x5b, 0x7b]);
const CLOSERS = new Set([0x5d, 0x7d]);

/** Sixteen digits or more: the number may be beyond what a double holds. A hit inside a string does no harm. */
const LONG_INTEGER = /[[:,]\s*-?\d{16,}/;

/**
 * Parses the JSON of a request. Depth and number of what is in it are counted before anything is built, and integers
 * beyond 2^53 come back as decimal strings, which OTLP/JSON uses for them anyway.
 *
 * @throws ExporterError `request_malformed` or `request_too_large`
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  countContainers(bytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed('JSON is not valid UTF-8', cause);
  }
  try {
    const parsed: unknown = LONG_INTEGER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
    return parsed;
  } catch {
    // V8's message quotes the text around the fault, which may be a person's: it is not passed on.
    throw malformed('JSON does not parse');
  }
}

function countContainers(bytes: Uint8Array): void {
  let depth = 0;
  let count = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (OPENERS.has(byte)) {
      if (++depth > MAX_JSON_DEPTH) throw malformed(`JSON nested deeper than ${MAX_JSON_DEPTH}`);
      if (++count > MAX_JSON_CONTAINERS) {
        throw tooLarge(`more than ${MAX_JSON_CONTAINERS} objects and lists`, 'Send smaller batches.');
      }
    } else if (CLOSERS.has(byte)) {
      depth--;
    }
  }
}

/** A reviver. Its third argument, the text that the number was written with, is newer than the library's types. */
function keepDigits(_key: string, value: unknown, ...[context]: { source?: string }[]): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? source : value;
}
