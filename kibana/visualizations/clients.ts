import { count, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Through which applications. */
export const clients: SavedObject = table({
  id: 'spanledger-clients',
  title: 'Clients',
  columns: {
    client: terms('Client', 'oidc.client_id', 'records', 20),
    issuer: terms('Issuer', 'oidc.issuer', 'records', 3),
    sessions: uniqueCount('Sessions', 'audit.session.id'),
    people: uniqueCount('People', 'user.id'),
    records: count('Records'),
  },
});
