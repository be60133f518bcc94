import type { FindingPlace } from './failures.ts';

/** What is worth knowing and does not make the log wrong. */
export type VerificationWarningCode =
  | 'producer_gap'
  | 'record_duplicated'
  | 'producers_untracked'
  | 'checkpoint_behind'
  | 'chain_unchecked'
  | 'entries_beyond'
  | 'history_missing'
  | 'key_statement_unlogged'
  | 'vkey_revoked';

/** One warning. */
export interface VerificationWarning {
  code: VerificationWarningCode;
  place: FindingPlace;
  /** What was found, as one sentence. */
  detail: string;
}

/** The most warnings that a report lists; it counts all. */
export const MAX_REPORTED_WARNINGS = 100;

/** Gathers warnings in bounded memory. */
export class WarningList {
  readonly #listed: VerificationWarning[] = [];
  #total = 0;

  /** How many there are, listed or not. */
  get total(): number {
    return this.#total;
  }

  /** Whether no more are listed, only counted. */
  get isFull(): boolean {
    return this.#listed.length >= MAX_REPORTED_WARNINGS;
  }

  /** Those that are listed, in the order in which they were found. */
  get listed(): VerificationWarning[] {
    return [...this.#listed];
  }

  /** Forgets what it holds and takes these, of so many. */
  restore(listed: readonly VerificationWarning[], total: number): void {
    this.#listed.splice(0, this.#listed.length, ...listed);
    this.#total = total;
  }

  /** Adds one. */
  add(code: VerificationWarningCode, place: FindingPlace, detail: string): void {
    this.#total += 1;
    if (!this.isFull) this.#listed.push({ code, place, detail });
  }
}
