import type { RandomBytes, Sha256 } from './commitment.ts';
import type { RecordDraft } from './draft.ts';
import type { EntryBatch } from './entry-batch.ts';
import { RecordError } from './errors.ts';

/** A draft with the references that the service drew for its subject and session. */
export interface ReferencedDraft {
  draft: RecordDraft;
  /** `audit.actor.id`. */
  actorRef: string;
  /** `audit.session.id`; absent where the draft has no session. */
  sessionRef?: string;
}

export function buildEntryBatch(
  drafts: readonly ReferencedDraft[],
  crypto: { randomBytes: RandomBytes; sha256: Sha256 },
): EntryBatch {
  throw new RecordError('batch_too_large', `${drafts.length} ${typeof crypto}`);
}
