import { generateCosigner, type Cosigner } from '@spanledger/ledger';
import { formatNote, parseNote } from '@spanledger/ledger/verify';
import { edit, type MemoryLog } from './memory-log.ts';

/** 2026-11-21T22:00:00Z, when the witnesses of the tests sign. */
export const SIGNED_AT_S = 1_795_298_400;

/** Three witnesses with keys of their own. */
export const WITNESSES: readonly [Cosigner, Cosigner, Cosigner] = [
  generateCosigner('witness.example/a'),
  generateCosigner('witness.example/b'),
  generateCosigner('witness.example/c'),
];

/** Their keys. */
export const WITNESS_VKEYS: string[] = WITNESSES.map(({ vkey }) => vkey);

/** A note with the lines of some witnesses under it. */
export function cosign(note: string, witnesses: readonly Cosigner[], timeS: number = SIGNED_AT_S): string {
  const parsed = parseNote(note);
  if (!parsed.ok) throw new TypeError(parsed.detail);
  const { text, signatures } = parsed.value;
  return formatNote(text, [...signatures, ...witnesses.map((witness) => witness.cosign(text, timeS))]);
}

/** Puts lines of some witnesses under a log's checkpoint. */
export function cosignCheckpoint(log: MemoryLog, witnesses: readonly Cosigner[], timeS?: number): void {
  edit(log, 'checkpoint', (bytes) => Buffer.from(cosign(Buffer.from(bytes).toString(), witnesses, timeS)));
}
