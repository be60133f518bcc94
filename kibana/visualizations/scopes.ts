import { terms } from '../lens/column.ts';
import { shares } from '../lens/shares.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** What the tokens allowed that were used. */
export const scopes: SavedObject = shares(
  { id: 'spanledger-scopes', title: 'Scopes' },
  terms('Scope', 'oidc.scope', 'records', 10),
);
