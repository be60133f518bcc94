import type { RecordDraft } from '@spanledger/record';

/** A span that the audit policy leaves out: it is accounted for, and in no record. */
export interface SkippedSpan {
  /** What its record would have been called. */
  id: string;
  /** Its producer's number, where it has one. */
  producer?: NonNullable<RecordDraft['producer']>;
  /** The rule that says so. */
  rule: string;
  /** SHA-256 of the policy that the rule stands in, hex. */
  sha256: string;
  /** `service.name`. */
  service: string;
  /** When it began: `@timestamp` of its record. */
  timestamp: string;
}

/** What becomes of the spans of a request. */
export interface PolicyVerdict {
  /** What is to be recorded, in the order of the spans; changed in place to what the policy keeps of it. */
  drafts: RecordDraft[];
  skipped: SkippedSpan[];
}

/** Decides, between mapping and commit, how much of each record is kept. */
export interface IntakePolicy {
  /** @param spans - of each span its draft and those of the lifecycle events on it, as `mapSpan` makes them */
  apply(spans: readonly RecordDraft[][]): PolicyVerdict;
  /** Keeps account of what was left out; resolves once that survives a crash. */
  account(skipped: readonly SkippedSpan[]): Promise<void>;
}
