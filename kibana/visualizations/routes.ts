import { count, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** What was asked for, and how it was answered. */
export const routes: SavedObject = table({
  id: 'spanledger-routes',
  title: 'Routes',
  query: REQUESTS,
  columns: {
    route: terms('Route', 'http.route', 'requests', 20),
    status: terms('Status', 'http.response.status_code', 'requests', 5, 'number'),
    requests: count('Requests'),
  },
});
