import { emptyObject, isJsonObject, type JsonObject, type JsonValue, knownPath } from '@spanledger/record';
import type { FieldNode } from './field-policy.ts';
import type { FieldAction } from './field-rule.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { truncateAddress } from './truncated-address.ts';

const NO_RULES: FieldNode = { action: undefined, children: new Map() };

/** What changing the fields of a group takes, and who is told. */
export interface FieldChange {
  pseudonyms: Pseudonyms;
  /** Told of each field that was changed: as much of its name as this program knows, for the rest came from outside. */
  onChange: (label: string) => void;
}

/**
 * Applies rules to a group: its members are replaced, and what is below them is left as it was, since records may share it.
 *
 * @param inherited - what is done where no rule is nearer
 */
export function changeFields(
  object: JsonObject,
  node: FieldNode,
  change: FieldChange,
  path: readonly string[] = [],
  inherited: FieldAction | undefined = node.action,
): void {
  for (const [name, value] of Object.entries(object)) {
    const child = node.children.get(name);
    const here = [...path, name];
    const action = child?.action ?? inherited;
    if (action === undefined && child === undefined) continue;
    if (isJsonObject(value)) {
      const own = Object.assign(emptyObject(), value);
      changeFields(own, child ?? NO_RULES, change, here, action);
      if (Object.keys(own).length === 0) delete object[name];
      else object[name] = own;
      continue;
    }
    if (action === undefined || action === 'keep') continue;
    const changed = changeValue(value, action, here.join('.'), change.pseudonyms);
    if (changed === value) continue;
    change.onChange(knownPath(here).join('.'));
    if (changed === undefined) delete object[name];
    else object[name] = changed;
  }
}

/** A value after an action; undefined where nothing is left of it. */
function changeValue(
  value: JsonValue,
  action: Exclude<FieldAction, 'keep'>,
  field: string,
  pseudonyms: Pseudonyms,
): JsonValue | undefined {
  if (action === 'drop') return undefined;
  if (Array.isArray(value)) {
    return value.flatMap((item) => changeValue(item, action, field, pseudonyms) ?? []);
  }
  if (isJsonObject(value)) {
    const changed = Object.entries(value).flatMap(([name, member]) => {
      const left = changeValue(member, action, field, pseudonyms);
      return left === undefined ? [] : [[name, left] as const];
    });
    return Object.fromEntries(changed);
  }
  if (action === 'truncate') return typeof value === 'string' ? truncateAddress(value) : undefined;
  return typeof value === 'string' || typeof value === 'number' ? pseudonyms.of(field, String(value)) : value;
}
