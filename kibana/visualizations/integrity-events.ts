import { count, maximum, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { KEY_CHANGES, RECORDS_LOST } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Lost records, changes of keys, comparisons with the identity provider. */
export const integrityEvents: SavedObject = table({
  id: 'spanledger-integrity-events',
  title: 'Events of integrity',
  query: `${RECORDS_LOST} or ${KEY_CHANGES} or event.action : reconciliation.*`,
  columns: {
    event: terms('Event', 'event.action', 'records', 15),
    outcome: terms('Outcome', 'event.outcome', 'records', 3),
    records: count('Records'),
    last: maximum('Last', '@timestamp'),
  },
});
