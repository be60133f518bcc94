import type { AttacksOn } from './format-attack.ts';
import type { Format } from './format-verifiers.ts';
import { KEY_STATEMENT_ATTACKS } from './key-statement-attacks.ts';
import { CHECKPOINT_ATTACKS, COSIGNATURE_ATTACKS, NOTE_ATTACKS } from './note-attacks.ts';
import { BUNDLE_ATTACKS, CONSISTENCY_ATTACKS, INCLUSION_ATTACKS } from './tree-attacks.ts';

/** Every attack, by format and by the name of its file. */
export const FORMAT_ATTACKS: { [F in Format]: AttacksOn<F> } = {
  bundle: BUNDLE_ATTACKS,
  checkpoint: CHECKPOINT_ATTACKS,
  consistency: CONSISTENCY_ATTACKS,
  cosignature: COSIGNATURE_ATTACKS,
  inclusion: INCLUSION_ATTACKS,
  keys: KEY_STATEMENT_ATTACKS,
  note: NOTE_ATTACKS,
};
