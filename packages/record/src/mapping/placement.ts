import { ATTR_SESSION_ID } from '../attributes.ts';
import type { CommitmentGroup } from '../audit-record.ts';
import { otherAttribute, placeOfAttribute, placeOfUnboundSession } from '../fields.ts';
import type { FieldPlace } from '../fields.ts';
import { emptyObject, isJsonObject } from '../json-object.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { MAX_ATTRIBUTES } from '../limits.ts';
import type { OtlpAttributes, OtlpValue } from '../span.ts';
import { CLEAR_LIMITS, COMMITTED_LIMITS, shapeValue } from './values.ts';

/** A record while it is filled: its clear part, its groups, and what had to be cut. */
export interface RecordParts {
  clear: JsonObject;
  groups: Partial<Record<CommitmentGroup, JsonObject>>;
  /** Labels for `audit.truncated`. */
  truncated: Set<string>;
  /** Whether an OIDC session is bound; decides what `session.id` means. */
  inOidcSession: boolean;
}

/**
 * Puts each attribute at its place: in the clear where the allow-list has it and its value has the right shape,
 * else in its group. What finds its place taken, or does not fit it, goes to the flat `attributes` of the content
 * group; the same value at the same place once more is left out.
 */
export function placeAttributes(parts: RecordParts, attributes: OtlpAttributes): void {
  let unnamed = 0;
  for (const [key, value] of attributes) {
    const unbound = key === ATTR_SESSION_ID && !parts.inOidcSession;
    const place = unbound ? placeOfUnboundSession() : placeOfAttribute(key);
    // Named attributes are few and matter most: the limit is for the others.
    if (!place.named && ++unnamed > MAX_ATTRIBUTES) parts.truncated.add(place.label);
    else placeAttribute(parts, place, key, value);
  }
}

/** Puts one attribute at its place, or among the other attributes under its key. */
export function placeAttribute(parts: RecordParts, place: FieldPlace, key: string, value: OtlpValue): void {
  if (place.reserved ? standsAt(parts.clear, place, value) : placeValue(parts, place, value)) return;
  const other = otherAttribute(key);
  if (!placeValue(parts, other, value)) parts.truncated.add(other.label);
}

/** Puts a value at a place; false where it does not fit or the place is taken by another value. */
export function placeValue(parts: RecordParts, place: FieldPlace, value: OtlpValue): boolean {
  let wasCut = place.isCut;
  const cut = (): void => {
    wasCut = true;
  };
  const limits = place.group === 'clear' ? CLEAR_LIMITS : COMMITTED_LIMITS;
  const shaped = shapeValue(value, place.shape, limits, cut);
  const done = shaped !== undefined && put(parts, place, shaped);
  if (done && wasCut) parts.truncated.add(place.label);
  return done;
}

function put(parts: RecordParts, { group, path }: FieldPlace, value: JsonValue): boolean {
  let object = group === 'clear' ? parts.clear : (parts.groups[group] ??= emptyObject());
  const last = path.length - 1;
  for (let i = 0; i < last; i++) {
    const name = path[i] ?? '';
    const member = (object[name] ??= emptyObject());
    if (!isJsonObject(member)) return false;
    object = member;
  }
  const name = path[last] ?? '';
  const taken = object[name];
  if (taken !== undefined) return taken === value;
  object[name] = value;
  return true;
}

/** True where the mapping took the value over itself, from this very attribute. */
function standsAt(clear: JsonObject, place: FieldPlace, value: OtlpValue): boolean {
  let found: JsonValue | undefined = clear;
  for (const name of place.path) found = isJsonObject(found) ? found[name] : undefined;
  return found === value;
}
