import { count } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many requests nobody stands behind. */
export const unknownActorCount: SavedObject = number(
  { id: 'spanledger-unknown-actor-count', title: 'Requests of nobody known' },
  count('Requests of nobody known', 'span.kind : "server" and not user.id : * and not audit.session.id : *'),
);
