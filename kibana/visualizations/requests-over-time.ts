import { count, terms } from '../lens/column.ts';
import { series } from '../lens/series.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Requests over time, by service. */
export const requestsOverTime: SavedObject = series({
  id: 'spanledger-requests-over-time',
  title: 'Requests over time',
  query: REQUESTS,
  split: terms('Service', 'service.name', 'requests', 5),
  values: { requests: count('Requests') },
});
