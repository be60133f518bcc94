import { count, terms } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Who read, made, changed and deleted how much. */
export const accessByPerson: SavedObject = table({
  id: 'spanledger-access-by-person',
  title: 'Access by person',
  query: REQUESTS,
  columns: {
    person: terms('Person', 'user.id', 'requests', 20),
    read: count('Read', 'audit.action : "READ"'),
    created: count('Created', 'audit.action : "CREATE"'),
    changed: count('Changed', 'audit.action : "UPDATE"'),
    deleted: count('Deleted', 'audit.action : "DELETE"'),
    denied: count('Denied', 'event.type : "denied"'),
    requests: count('Requests'),
  },
});
