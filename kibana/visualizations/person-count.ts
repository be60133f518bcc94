import { uniqueCount } from '../lens/column.ts';
import { number } from '../lens/number.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How many different actors. */
export const personCount: SavedObject = number(
  { id: 'spanledger-person-count', title: 'People and services' },
  uniqueCount('People and services', 'audit.actor.id', 'user.id : *'),
);
