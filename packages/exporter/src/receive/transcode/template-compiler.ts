import {
  ATTR_SESSION_ID,
  COMMITMENT_GROUPS,
  isJsonObject,
  type JsonObject,
  type RecordDraft,
} from '@spanledger/record';
import type { SpanShape } from '../shape/span-shape.ts';
import { ProgramBuilder, type Slot } from './program-builder.ts';
import {
  STEP_ACTOR,
  STEP_COMMITMENT,
  STEP_DURATION,
  STEP_PARENT_ID,
  STEP_RECORD_ID,
  STEP_SESSION,
  STEP_SPAN_ID,
  STEP_STREAM_ID,
  STEP_TIMESTAMP,
  STEP_TRACE_ID,
} from './steps.ts';
import { IS_CLIENT } from './span-traits.ts';
import type { GroupProgram, Program, Template, TemplateSubject } from './template.ts';
import type { ValueSlot } from './value-slots.ts';

/** What in the clear is the span's own. */
const OWN_SLOTS: readonly Slot[] = [
  { path: ['@timestamp'], step: STEP_TIMESTAMP, argument: 0 },
  { path: ['audit', 'actor', 'id'], step: STEP_ACTOR, argument: 0 },
  { path: ['audit', 'record', 'id'], step: STEP_RECORD_ID, argument: 0 },
  { path: ['audit', 'sequence', 'stream_id'], step: STEP_STREAM_ID, argument: 0 },
  { path: ['audit', 'session', 'id'], step: STEP_SESSION, argument: 0 },
  { path: ['event', 'duration'], step: STEP_DURATION, argument: 0 },
  { path: ['parent', 'id'], step: STEP_PARENT_ID, argument: 0 },
  { path: ['span', 'id'], step: STEP_SPAN_ID, argument: 0 },
  { path: ['trace', 'id'], step: STEP_TRACE_ID, argument: 0 },
  ...COMMITMENT_GROUPS.map((group, at) => ({
    path: ['audit', 'commitments', group],
    step: STEP_COMMITMENT,
    argument: at,
  })),
];

/** Around the programs, counted roughly. */
const OVERHEAD_BYTES = 1_024;

/** What a template is made from beside the draft. */
export interface Lesson {
  context: number;
  traits: number;
  fixed: Uint8Array;
  shape: SpanShape;
  slots: readonly ValueSlot[];
}

/**
 * Makes a template of a draft as it is about to be recorded; undefined for one that says what only its own values say: it
 * was cut, or is of somebody whom no attribute names.
 */
export function compileTemplate(draft: RecordDraft, lesson: Lesson): Template | undefined {
  const { context, traits, fixed, shape, slots } = lesson;
  const { audit, event } = draft.clear;
  if (!isJsonObject(audit) || audit['truncated'] !== undefined) return undefined;
  // Whose clock went backwards has none; others of its shape have.
  if (!isJsonObject(event) || event['duration'] === undefined) return undefined;
  const subject = subjectOf(draft, shape, traits);
  const session = shape.keys.indexOf(ATTR_SESSION_ID);
  if (subject === undefined || session >= 0 !== (draft.session !== undefined)) return undefined;

  const unwritten = new ProgramBuilder([]);
  const groups = COMMITMENT_GROUPS.flatMap((group, at): GroupProgram[] => {
    const value = draft.groups[group] ?? {};
    const builder = new ProgramBuilder(slots.filter((slot) => slot.group === group));
    if (Object.keys(value).length > 0) builder.object(value);
    for (const { step, argument } of builder.unused) unwritten.step(step, argument);
    return Object.keys(value).length === 0 ? [] : [{ at, group, program: builder.build() }];
  });
  const builder = new ProgramBuilder([...OWN_SLOTS, ...slots.filter(({ group }) => group === 'clear')]);
  builder.object(withManaged(draft, audit, groups));
  if (builder.unused.some((slot) => !OWN_SLOTS.includes(slot))) return undefined;
  const record = builder.build();
  const unwrittenProgram = unwritten.build();
  return {
    context,
    traits,
    fixed,
    record,
    groups,
    unwritten: unwrittenProgram.steps.length === 0 ? undefined : unwrittenProgram,
    subject,
    session,
    sessionIssuer: draft.session?.issuer ?? '',
    sizeBytes: [record, ...groups.map(({ program }) => program)].reduce(
      (sum, program) => sum + literalBytes(program),
      OVERHEAD_BYTES + fixed.length,
    ),
  };
}

/** The clear part with the members that only the batch builder knows; what stands in them is written anew. */
function withManaged(
  { clear, subject, session }: RecordDraft,
  audit: JsonObject,
  groups: readonly GroupProgram[],
): JsonObject {
  return {
    ...clear,
    audit: {
      ...audit,
      actor: { id: '', type: subject?.type ?? 'system' },
      ...(groups.length > 0 && { commitments: Object.fromEntries(groups.map(({ group }) => [group, ''])) }),
      ...(session !== undefined && { session: { id: '' } }),
    },
  };
}

function subjectOf(
  { subject, clear }: RecordDraft,
  { user }: SpanShape,
  traits: number,
): TemplateSubject | undefined {
  if (subject === undefined) return undefined;
  if (user < 0) return { kind: 'fixed', subject };
  const oidc = clear['oidc'];
  const client = isJsonObject(oidc) ? oidc['client_id'] : undefined;
  // The attribute may be empty: then it names nobody.
  if (subject.type === 'system') return undefined;
  // A template is for one client; whose user is that client, all its spans are of one subject.
  if (subject.id === client) return (traits & IS_CLIENT) === 0 ? undefined : { kind: 'fixed', subject };
  return {
    kind: 'user',
    attribute: user,
    issuer: subject.issuer,
    type: subject.type,
    client: typeof client === 'string' ? client : undefined,
  };
}

function literalBytes({ literals }: Program): number {
  return literals.reduce((sum, { length }) => sum + length, 0);
}
