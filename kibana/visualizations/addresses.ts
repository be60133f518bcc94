import { count, maximum, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** From where: many addresses of one session are a sign of a stolen one. */
export const addresses: SavedObject = table({
  id: 'spanledger-addresses',
  title: 'Addresses',
  query: REQUESTS,
  columns: {
    address: terms('Address', 'client.address', 'requests', 20),
    requests: count('Requests'),
    sessions: uniqueCount('Sessions', 'audit.session.id'),
    agents: uniqueCount('User agents', 'user_agent.original'),
    last: maximum('Last seen', '@timestamp'),
  },
});
