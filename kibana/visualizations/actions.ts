import { count, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { LIFECYCLE, REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** What was done, how often, and by how many. */
export const actions: SavedObject = table({
  id: 'spanledger-actions',
  title: 'Actions',
  query: `${REQUESTS} or ${LIFECYCLE}`,
  columns: {
    action: terms('Action', 'event.action', 'records', 15),
    records: count('Records'),
    people: uniqueCount('People', 'user.id'),
    failures: count('Failures', 'event.outcome : "failure"'),
  },
});
