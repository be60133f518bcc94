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
  /** Of the policy in force. */
  readonly sha256: string;
  /** Whether what is said of one span rests on that span alone, and not on others of its session. */
  readonly isLocal: boolean;
  /**
   * Whether the verdict on a span of this draft is that on each whose draft says the same in the clear: neither its path
   * nor who calls matters.
   */
  isSettledBy(draft: RecordDraft): boolean;
  /** @param spans - of each span its draft and those of the lifecycle events on it, as `mapSpan` makes them */
  apply(spans: readonly RecordDraft[][]): PolicyVerdict;
  /** Keeps account of what was left out; resolves once that survives a crash. */
  account(skipped: readonly SkippedSpan[]): Promise<void>;
}
