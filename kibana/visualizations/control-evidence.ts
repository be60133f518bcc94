import { count, filters, maximum, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import {
  FAILED_LOGINS,
  KEY_CHANGES,
  PRIVILEGED_ACTIONS,
  SCOPE_MISMATCHES,
  USE_AFTER_LOGOUT,
} from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** A row for each question that auditors ask. */
export const controlEvidence: SavedObject = table({
  id: 'spanledger-control-evidence',
  title: 'Evidence by control',
  columns: {
    control: filters('Control', {
      Logins: 'event.action : "oidc.session.started"',
      'Failed logins': FAILED_LOGINS,
      Logouts: 'event.action : "oidc.session.ended"',
      'Tokens issued or refreshed': 'event.action : ("oidc.token.issued" or "oidc.token.refreshed")',
      'Tokens revoked': 'event.action : "oidc.token.revoked"',
      'Tokens rejected': 'event.action : "oidc.token.rejected"',
      'Access denied': 'event.type : "denied"',
      'Privileged actions': PRIVILEGED_ACTIONS,
      'Scope mismatches': SCOPE_MISMATCHES,
      'Use after logout': USE_AFTER_LOGOUT,
      'Changes of keys': KEY_CHANGES,
      'Refused at the audit service': 'event.action : "access.refused"',
    }),
    records: count('Records'),
    people: uniqueCount('People', 'user.id'),
    sessions: uniqueCount('Sessions', 'audit.session.id'),
    last: maximum('Last', '@timestamp'),
  },
});
