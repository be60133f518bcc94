import { count, maximum, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Who did how much, and when last. */
export const people: SavedObject = table({
  id: 'spanledger-people',
  title: 'People',
  query: REQUESTS,
  columns: {
    person: terms('Person', 'user.id', 'requests', 20),
    requests: count('Requests'),
    failures: count('Failures', 'event.outcome : "failure"'),
    sessions: uniqueCount('Sessions', 'audit.session.id'),
    last: maximum('Last seen', '@timestamp'),
  },
});
