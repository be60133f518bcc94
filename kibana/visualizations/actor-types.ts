import { terms } from '../lens/column.ts';
import { shares } from '../lens/shares.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Who acts: people, services for themselves, or nobody. */
export const actorTypes: SavedObject = shares(
  { id: 'spanledger-actor-types', title: 'People, services, system' },
  terms('Actor', 'audit.actor.type', 'records', 3),
);
