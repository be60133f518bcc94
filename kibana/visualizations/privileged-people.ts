import { count, maximum, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { PRIVILEGED_ACTIONS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Who did privileged things, and what. */
export const privilegedPeople: SavedObject = table({
  id: 'spanledger-privileged-people',
  title: 'Privileged people',
  query: PRIVILEGED_ACTIONS,
  columns: {
    person: terms('Person', 'user.id', 'records', 20),
    action: terms('Action', 'event.action', 'records', 10),
    records: count('Records'),
    failures: count('Failures', 'event.outcome : "failure"'),
    last: maximum('Last', '@timestamp'),
  },
});
