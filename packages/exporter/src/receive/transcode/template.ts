import type { CommitmentGroup, DraftSubject } from '@spanledger/record';

/** How a piece of canonical JSON is written: what is always the same, and what stands between. */
export interface Program {
  steps: Uint8Array;
  arguments: Uint16Array;
  /** What a step of {@link STEP_LITERAL} writes, by its argument. */
  literals: readonly Uint8Array[];
}

/** The program of a group that a record commits to. */
export interface GroupProgram {
  /** Its number in `COMMITMENT_GROUPS`. */
  at: number;
  group: CommitmentGroup;
  program: Program;
}

/** Who acts in the records of a template. */
export type TemplateSubject =
  | { kind: 'fixed'; subject: DraftSubject }
  | {
      kind: 'user';
      /** The attribute that names the user. */
      attribute: number;
      issuer: string;
      type: DraftSubject['type'];
      /** A user of this name is the client itself, and a subject of another type. */
      client: string | undefined;
    };

/**
 * A record that was learned from one span, with room for what differs in others: spans of the same shape, of the same
 * service and scope, and with the same values of the attributes that shape a record.
 */
export interface Template {
  /** Service, scope, span kind, and what else must be the same; see `TemplateTable`. */
  context: number;
  traits: number;
  /** Values of the fixed attributes, each behind its length. */
  fixed: Uint8Array;
  record: Program;
  groups: readonly GroupProgram[];
  /** Attributes that must be right and stand nowhere, with the step that would write them. */
  unwritten: Program | undefined;
  subject: TemplateSubject;
  /** The attribute that names the session; -1 where there is none. */
  session: number;
  sessionIssuer: string;
  /** How much memory it takes, about, and what it writes that is always the same. */
  sizeBytes: number;
}
