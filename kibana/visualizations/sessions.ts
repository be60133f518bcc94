import { count, lastValue, maximum, minimum, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** The sessions: whose, where, and how they stand. */
export const sessions: SavedObject = table({
  id: 'spanledger-sessions',
  title: 'Sessions',
  columns: {
    session: terms('Session', 'audit.session.id', 'records', 20),
    person: lastValue('Person', 'user.id'),
    client: lastValue('Client', 'oidc.client_id'),
    state: lastValue('State', 'oidc.session.state'),
    records: count('Records'),
    failures: count('Failures', 'event.outcome : "failure"'),
    first: minimum('First seen', '@timestamp'),
    last: maximum('Last seen', '@timestamp'),
  },
});
