import {
  encodeEntryBundle,
  entryBundlePath,
  parseEntryBundle,
  verifyLedger,
  type VerificationReport,
  type VerifyLedgerOptions,
} from '@spanledger/ledger/verify';
import { expect } from 'vitest';
import { copyLog, edit, makeEntries, publish, sourceOf, VKEY, type MemoryLog } from './memory-log.ts';

// Two full bundles and one of 88 entries: a full tile is proven by the level above, the partial ones by the root.
export const SIZE = 600;
export const ENTRIES = makeEntries(SIZE);
export const LOG = publish(ENTRIES);

/** Verifies a log that is held in memory; it need not keep a history, as {@link LOG} does not. */
export function verify(
  log: MemoryLog,
  options: Partial<VerifyLedgerOptions> = {},
): Promise<VerificationReport> {
  return verifyLedger({ source: sourceOf(log), vkey: VKEY, history: 'optional', ...options });
}

/** Failures as short lines: code, index, path. */
export function findings(report: VerificationReport): string[] {
  expect(report.ok).toBe(report.failuresTotal === 0);
  expect(report.failures.every(({ detail }) => detail.endsWith('.') || detail.length > 0)).toBe(true);
  return report.failures.map(({ code, place }) =>
    [code, place.index, place.path].filter((x) => x !== undefined).join(' '),
  );
}

/** Verifies a copy of the log after a change. */
export async function findingsAfter(change: (log: MemoryLog) => void, log = LOG): Promise<string[]> {
  const copy = copyLog(log);
  change(copy);
  const history = log.files.has('checkpoints/index') ? 'required' : 'optional';
  return findings(await verify(copy, { history }));
}

/** Rewrites a bundle's entries. */
export function editEntries(
  log: MemoryLog,
  index: number,
  width: number,
  change: (entries: Uint8Array[]) => Uint8Array[],
): void {
  edit(log, entryBundlePath(index, width), (bytes) => {
    const entries = parseEntryBundle(bytes, width);
    if (!entries.ok) throw new TypeError(entries.detail);
    return encodeAny(change(entries.value));
  });
}

/** Like encodeEntryBundle, for any number of entries. */
function encodeAny(entries: Uint8Array[]): Uint8Array {
  return Buffer.concat([encodeEntryBundle(entries.slice(0, 256)), encodeEntryBundle(entries.slice(256))]);
}

/** The same entry with a letter changed, canonical as before. */
export function alter(entry: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(entry).toString().replace('GET /orders', 'GET /ordera'));
}

/** Flips a bit of a byte. */
export function flip(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}
