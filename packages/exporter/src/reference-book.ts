import type { DraftSession, DraftSubject } from '@spanledger/record';

/**
 * Knows the random references that stand in the hashed bytes for subjects and sessions, and draws one for whom it
 * meets the first time. Who is behind a reference, only the vault can tell.
 */
export interface ReferenceBook {
  /** Another number whenever a reference that was given may not be given any more. */
  readonly generation: number;
  /** @returns 128 random bits, base64url; the same for every record of the subject */
  ofSubject(subject: DraftSubject): string;
  /** @returns 128 random bits, base64url; the same for every record of the session */
  ofSession(session: DraftSession): string;
  /** Runs work, and forgets again what was drawn meanwhile if it throws: nothing of it is recorded. */
  attempt<Result>(work: () => Result): Result;
  /** Whether a reference stands for nobody any more. */
  isErased(reference: string): boolean;
}
