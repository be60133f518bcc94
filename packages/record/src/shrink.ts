import { knownPath } from './fields.ts';
import { emptyObject, isJsonObject } from './json-object.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { MAX_ATTRIBUTES, MAX_LIST_LENGTH, MAX_STRING_LENGTH } from './limits.ts';
import { cutText } from './mapping/values.ts';

/** Strings are not cut shorter than this: the fixed words of a record are all shorter. */
const MIN_STRING_LENGTH = 64;

/** What one round of cutting allows. */
interface Allowance {
  stringLength: number;
  members: number;
}

/** A value that was cut, and the fields that lost something, named as `audit.truncated` names them. */
export interface Shrunk {
  value: JsonObject;
  fields: Set<string>;
}

/**
 * Cuts what is largest in a value until it fits. Each round allows half of what the one before did: first of the
 * strings' length, so that the longest go first, then of the members of lists and objects.
 *
 * @param value - Left as it is.
 * @param keep - Top-level members that are never touched.
 * @param fits - Asked after each round that cut something.
 * @returns Undefined where nothing helps.
 */
export function shrink(
  value: JsonObject,
  keep: ReadonlySet<string>,
  fits: (candidate: Shrunk) => boolean,
): Shrunk | undefined {
  for (const allowance of allowances()) {
    const candidate: Shrunk = { value: emptyObject(), fields: new Set() };
    for (const [name, member] of Object.entries(value)) {
      candidate.value[name] = keep.has(name) ? member : cutValue(member, [name], allowance, candidate.fields);
    }
    if (candidate.fields.size > 0 && fits(candidate)) return candidate;
  }
  return undefined;
}

function* allowances(): Generator<Allowance> {
  const members = Math.max(MAX_LIST_LENGTH, MAX_ATTRIBUTES);
  for (let stringLength = MAX_STRING_LENGTH; stringLength >= MIN_STRING_LENGTH; stringLength /= 2) {
    yield { stringLength, members };
  }
  for (let fewer = members / 2; fewer >= 1; fewer /= 2) {
    yield { stringLength: MIN_STRING_LENGTH, members: fewer };
  }
}

function cutValue(value: JsonValue, path: string[], allowance: Allowance, fields: Set<string>): JsonValue {
  const cut = (): void => void fields.add(knownPath(path).join('.'));
  if (typeof value === 'string') return cutText(value, allowance.stringLength, cut);
  if (Array.isArray(value)) {
    if (value.length > allowance.members) cut();
    return value.slice(0, allowance.members).map((item) => cutValue(item, path, allowance, fields));
  }
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value);
  if (names.length > allowance.members) cut();
  const object = emptyObject();
  for (const name of names.slice(0, allowance.members)) {
    const member = value[name];
    if (member !== undefined) object[name] = cutValue(member, [...path, name], allowance, fields);
  }
  return object;
}
