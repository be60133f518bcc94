import { closeSync, constants, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openPlain, readPlain } from './plain-file.ts';

/** Why spans were lost: the spool's own bound, the disk's end, a disk that fails, a span that cannot be encoded. */
export type LossReason = 'disk_full' | 'encode_failed' | 'spool_failed' | 'spool_full';

/** Spans that were numbered and not kept. */
export interface Loss {
  readonly reason: LossReason;
  readonly count: number;
  /** The first and the last of their numbers; what lies between may be other spans'. */
  readonly first: number;
  readonly last: number;
}

/** What a producer has lost so far. */
export interface LossState {
  /** Spans, over all. */
  readonly total: number;
  /** What the receiver has not been told yet. */
  readonly unreported: readonly Loss[];
  /** The number that its next span will have. */
  readonly next: number;
}

const FILE = 'losses.json';

/** There is one loss per reason at most, so that everything fits. */
const FILE_BYTES = 512;

const REASONS: ReadonlySet<unknown> = new Set<LossReason>([
  'disk_full',
  'encode_failed',
  'spool_failed',
  'spool_full',
]);

/**
 * Makes room in a new folder for what may be lost later: on a full disk there would be none.
 *
 * @param folder - The producer's folder.
 */
export function reserveLossFile(folder: string): void {
  try {
    writeFileSync(join(folder, FILE), ' '.repeat(FILE_BYTES), { mode: 0o600, flag: 'wx' });
  } catch {
    // It is there, or the disk is full already: then the warning on standard error is all there is.
  }
}

/** Notes losses in the room that was reserved, so that whoever takes the folder over can report them. */
export function writeLosses(folder: string, state: LossState): void {
  const text = JSON.stringify(state).padEnd(FILE_BYTES);
  if (text.length > FILE_BYTES) return;
  try {
    // Not truncated: what is overwritten in place needs no new block of a full disk.
    const file = openPlain(join(folder, FILE), constants.O_RDWR);
    try {
      writeSync(file, text, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // As above.
  }
}

/** What a folder's producer has lost; undefined where it lost nothing, or nothing that can be read. */
export function readLosses(folder: string): LossState | undefined {
  try {
    const value: unknown = JSON.parse(readPlain(join(folder, FILE)));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('total' in value) || !('next' in value) || !('unreported' in value)) return undefined;
    const { total, next, unreported } = value;
    if (!isCount(total) || !isCount(next) || !Array.isArray(unreported)) return undefined;
    return { total, next, unreported: unreported.filter((each) => isLoss(each)) };
  } catch {
    return undefined;
  }
}

function isLoss(value: unknown): value is Loss {
  if (typeof value !== 'object' || value === null || !('reason' in value) || !REASONS.has(value.reason)) {
    return false;
  }
  return (
    'count' in value &&
    isCount(value.count) &&
    'first' in value &&
    isCount(value.first) &&
    'last' in value &&
    isCount(value.last)
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
