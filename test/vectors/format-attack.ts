import type { FormatMaterial } from './format-material.ts';
import type { Format, FormatInputs } from './format-verifiers.ts';

/** An attack on an input of a format: what it is, and what is shown to the verifier afterwards. */
export interface FormatAttack<F extends Format> {
  about: string;
  apply: (sound: FormatInputs[F], material: FormatMaterial) => FormatInputs[F];
}

/** Attacks on a format, by the name of their file. */
export type AttacksOn<F extends Format> = Readonly<Record<string, FormatAttack<F>>>;

/** Thirty-two bytes, in base64, that are the hash of nothing. */
export const SPOILT: string = Buffer.alloc(32, 1).toString('base64');

/** The text of a note, without its signatures. */
export function textOf(note: string): string {
  return `${note.split('\n\n')[0]}\n`;
}
