import type { CommitmentGroup, DraftSubject } from '@spanledger/record';

/** Steps of a {@link Program}. Those from {@link STEP_ANY} on take the number of an attribute as their argument. */
export const STEP_LITERAL = 0;
export const STEP_TIMESTAMP = 1;
export const STEP_DURATION = 2;
export const STEP_RECORD_ID = 3;
export const STEP_TRACE_ID = 4;
export const STEP_SPAN_ID = 5;
export const STEP_PARENT_ID = 6;
export const STEP_STREAM_ID = 7;
export const STEP_NUMBER = 8;
export const STEP_ACTOR = 9;
export const STEP_SESSION = 10;
/** Its argument is the number of the group in `COMMITMENT_GROUPS`. */
export const STEP_COMMITMENT = 11;
export const STEP_HOLE = 12;
export const STEP_NAME = 13;
export const STEP_MESSAGE = 14;
export const STEP_ANY = 15;
export const STEP_TEXT = 16;
export const STEP_SHORT = 17;
export const STEP_INTEGER = 18;
export const STEP_TIME = 19;
export const STEP_LIST = 20;

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
