import {
  type CommitmentGroup,
  ERROR_MESSAGE,
  type FieldGroup,
  type FieldPlace,
  type FieldShape,
  isJsonObject,
  type JsonValue,
  OTHER_ATTRIBUTES,
  placeOfAttribute,
  type RecordDraft,
  SPAN_NAME,
  translationOf,
} from '@spanledger/record';
import { roleOf } from '../shape/attribute-role.ts';
import type { SpanShape } from '../shape/span-shape.ts';
import type { Slot } from './program-builder.ts';
import {
  STEP_ANY,
  STEP_INTEGER,
  STEP_LIST,
  STEP_MESSAGE,
  STEP_NAME,
  STEP_NUMBER,
  STEP_SHORT,
  STEP_TEXT,
  STEP_TIME,
} from './steps.ts';

/** A slot for what a sender writes. */
export interface ValueSlot extends Slot {
  group: FieldGroup;
}

const STEP_OF_SHAPE: Partial<Record<FieldShape, number>> = {
  any: STEP_ANY,
  text: STEP_TEXT,
  short: STEP_SHORT,
  list: STEP_LIST,
  integer: STEP_INTEGER,
  time: STEP_TIME,
};

/** What beside its attributes decides where things stand in a span's record. */
export interface Surroundings {
  spanKind: number;
  hasName: boolean;
  hasMessage: boolean;
  /** Names of the resource's attributes that each record commits to. */
  committed: readonly string[];
}

/**
 * Where the open values of a shape stand; undefined where two of them, or one and something else, may want one place:
 * then what is written depends on what they say.
 *
 * @param draft - of a span of the shape, as `mapSpan` made it
 */
export function planValueSlots(
  shape: SpanShape,
  { spanKind, hasName, hasMessage, committed }: Surroundings,
  draft: RecordDraft,
): readonly ValueSlot[] | undefined {
  const inOidcSession = draft.session !== undefined && draft.session.issuer !== '';
  const slots: ValueSlot[] = [];
  const others: string[] = committed.flatMap((key) => claimsOf(key, placeOfAttribute(key)));
  if (hasName) slots.push(slotAt(SPAN_NAME, STEP_NAME, 0));
  if (hasMessage) slots.push(slotAt(ERROR_MESSAGE, STEP_MESSAGE, 0));
  for (const [i, key] of shape.keys.entries()) {
    const role = roleOf(key, spanKind, inOidcSession);
    if (role === undefined) return undefined;
    if (role.kind === 'fixed') {
      others.push(...claimsOf(key, placeOfAttribute(translationOf(key, spanKind)?.name ?? key)));
      continue;
    }
    const step = role.kind === 'number' ? STEP_NUMBER : STEP_OF_SHAPE[role.place.shape];
    if (step === undefined || (role.kind === 'number' && draft.producer === undefined)) return undefined;
    slots.push(slotAt(role.place, step, i));
  }
  const isThere = slots.every((slot) => valueAt(draft, slot) !== undefined);
  return isThere && areApart(slots.map(placeName), others) ? slots : undefined;
}

function slotAt({ group, path }: FieldPlace, step: number, argument: number): ValueSlot {
  return { group, path, step, argument };
}

/** The places that an attribute may be at: its own, and that of what fits nowhere. */
function claimsOf(key: string, place: FieldPlace): string[] {
  return [placeName(place), placeName({ group: 'content', path: [OTHER_ATTRIBUTES, key] })];
}

function placeName({ group, path }: { group: FieldGroup; path: readonly string[] }): string {
  return [group, ...path].join('\0');
}

function valueAt({ clear, groups }: RecordDraft, { group, path }: ValueSlot): JsonValue | undefined {
  let value: JsonValue | undefined = group === 'clear' ? clear : groups[group satisfies CommitmentGroup];
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

/** Whether each of some places is that of one alone, and none lies within another. */
function areApart(places: readonly string[], others: readonly string[]): boolean {
  const taken = new Set(others);
  const around = new Set([...places, ...others].flatMap(placesAround));
  for (const place of places) {
    if (taken.has(place) || around.has(place) || placesAround(place).some((outer) => taken.has(outer))) {
      return false;
    }
    taken.add(place);
  }
  return true;
}

/** The places of the objects that a place lies in. */
function placesAround(place: string): string[] {
  const names = place.split('\0');
  return names.slice(1).map((_, length) => names.slice(0, length + 1).join('\0'));
}
