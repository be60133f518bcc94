import { join } from 'node:path';
import { readPlain, writePlain } from './plain-file.ts';

/** A place in a folder's stream of frames. */
export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

const FILE = 'position.json';

/** The longest text, and more; shorter ones are filled up with spaces. */
const FILE_BYTES = 64;

/** Whether `a` comes before `b`. */
export function isBefore(a: SpoolPosition, b: SpoolPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

/**
 * Up to where the receiver has confirmed. A missing or torn file means the start: what was sent twice, the receiver
 * recognises.
 */
export function readPosition(folder: string): SpoolPosition {
  try {
    const value: unknown = JSON.parse(readPlain(join(folder, FILE)));
    if (typeof value === 'object' && value !== null && 'segment' in value && 'offset' in value) {
      const { segment, offset } = value;
      if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) {
        return { segment: Number(segment), offset: Number(offset) };
      }
    }
  } catch {
    // As above.
  }
  return { segment: 1, offset: 0 };
}

/** Notes up to where the receiver has confirmed. On a full disk it is not noted, which costs no more than a repetition. */
export function writePosition(folder: string, position: SpoolPosition): void {
  const text = JSON.stringify({ segment: position.segment, offset: position.offset }).padEnd(FILE_BYTES);
  try {
    writePlain(join(folder, FILE), text);
  } catch {
    // As above.
  }
}
