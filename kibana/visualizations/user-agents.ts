import { count, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** With what. */
export const userAgents: SavedObject = table({
  id: 'spanledger-user-agents',
  title: 'User agents',
  query: REQUESTS,
  columns: {
    agent: terms('User agent', 'user_agent.original', 'requests', 10),
    requests: count('Requests'),
    sessions: uniqueCount('Sessions', 'audit.session.id'),
  },
});
