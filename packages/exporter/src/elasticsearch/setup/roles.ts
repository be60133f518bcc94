import type { JsonObject } from '@spanledger/record';
import { streamNames } from '../stream-names.ts';

/** Who does what with Elasticsearch. */
export type SetupRole = 'writer' | 'reader' | 'eraser';

/** All of them, in the order in which they are made. */
const SETUP_ROLES: readonly SetupRole[] = ['writer', 'reader', 'eraser'];

/** Which cluster it is: an index is followed on from where it was only in the same one. */
const READER_CALLS = ['cluster:monitor/main'];

/** A role and what it may do. */
export interface RoleDescription {
  role: SetupRole;
  /** Of the role and of its API keys. */
  name: string;
  /** As Elasticsearch describes a role. */
  descriptor: JsonObject;
}

/**
 * The roles of a namespace, each with what it needs and no more: the writer can add records and neither read, change nor
 * delete one; the reader can only read; the eraser finds a person's records and takes the personal data out of them.
 */
export function describeRoles(namespace: string): RoleDescription[] {
  const { audit, alerts, sessions, traces } = streamNames(namespace);
  const privileges: Record<SetupRole, JsonObject[]> = {
    writer: [
      grant([audit, alerts], ['create_doc']),
      // It appears with its first span; sessions are written anew whenever they change.
      grant([traces], ['create_doc', 'auto_configure']),
      grant([sessions], ['index']),
    ],
    reader: [grant([audit, alerts, sessions, traces], ['read', 'view_index_metadata'])],
    // It must see what was written a moment ago (refresh), or it would leave it.
    eraser: [grant([audit, alerts, sessions, traces], ['read', 'index', 'delete', 'maintenance'])],
  };
  return SETUP_ROLES.map((role) => ({
    role,
    name: `spanledger-${role}-${namespace}`,
    descriptor: { cluster: role === 'reader' ? READER_CALLS : [], indices: privileges[role] },
  }));
}

function grant(names: string[], privileges: string[]): JsonObject {
  return { names, privileges, allow_restricted_indices: false };
}
