import { COMMITMENT_GROUPS, type CommitmentGroup, groupOfPath } from '@spanledger/record';
import type { FieldAction } from './field-rule.ts';

/** The flat object in which attributes stand that have no place of their own. */
const ATTRIBUTES = 'attributes';

/** Fields that say who acted and in which session: without them a record would be somebody else's, or nobody's. */
const PARTY_FIELDS: ReadonlySet<string> = new Set([
  'enduser.id',
  'enduser.pseudo.id',
  'oidc.session.id',
  'session.id',
  'user.id',
]);

/** Fields of one group. */
export interface FieldSelection {
  group: CommitmentGroup;
  /** Member names from the group's outermost object; empty for the whole group. */
  path: readonly string[];
}

/**
 * Reads how a rule names fields.
 *
 * @returns the fields, or what is wrong with the name
 */
export function selectFields(name: string): FieldSelection | string {
  const group = COMMITMENT_GROUPS.find((one) => one === name);
  if (group !== undefined) return { group, path: [] };
  const bare = name.endsWith('.*') ? name.slice(0, -2) : name;
  const path = bare.startsWith(`${ATTRIBUTES}.`)
    ? [ATTRIBUTES, bare.slice(ATTRIBUTES.length + 1)]
    : bare.split('.');
  if (path.includes('') || bare.includes('*')) {
    return `${name} is no field; write client.address, user.*, attributes.order.note, or the name of a group`;
  }
  const found = groupOfPath(path);
  if (found === 'clear') {
    return `${name} stands in the clear in the ledger, by the list of fields that hold nothing personal; what is put there wrongly is quarantined`;
  }
  return { group: found, path };
}

/** Whether an action may be applied to what a name selects; says why not. */
export function refuseAction(name: string, action: FieldAction): string | undefined {
  if (action === 'keep' || action === 'pseudonymise' || !PARTY_FIELDS.has(name)) return undefined;
  return `${name} says whose record it is: it can be pseudonymised, and is then erased by its pseudonym; not ${action === 'drop' ? 'dropped' : 'truncated'}`;
}
