import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { dataView, NANOSECONDS } from './data-view.ts';
import { RECORD_LINKS } from './links.ts';

/** The audit records of every namespace. */
export const auditView: SavedObject = dataView({
  id: ids.audit,
  name: 'Spanledger: audit records',
  pattern: 'logs-spanledger.audit-*',
  formats: { ...RECORD_LINKS, 'event.duration': NANOSECONDS },
  labels: {
    'audit.actor.id': {
      customLabel: 'Actor (reference)',
      customDescription: 'A random reference; it stays when the personal data of a record is erased.',
    },
    'audit.session.id': {
      customLabel: 'Session (reference)',
      customDescription: 'A random reference; it stays when the personal data of a record is erased.',
    },
  },
});
