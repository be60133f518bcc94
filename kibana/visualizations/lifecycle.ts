import { count, lastValue, maximum, minimum, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { LIFECYCLE } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** What became of sessions and tokens, and why. */
export const lifecycle: SavedObject = table({
  id: 'spanledger-lifecycle',
  title: 'Lifecycle',
  query: LIFECYCLE,
  columns: {
    event: terms('Event', 'event.action', 'records', 15),
    records: count('Records'),
    reason: lastValue('Reason', 'event.reason'),
    first: minimum('First', '@timestamp'),
    last: maximum('Last', '@timestamp'),
  },
});
