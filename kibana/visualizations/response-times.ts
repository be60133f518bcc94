import { percentile } from '../lens/column.ts';
import { series } from '../lens/series.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** How long requests took. */
export const responseTimes: SavedObject = series({
  id: 'spanledger-response-times',
  title: 'Response times',
  query: REQUESTS,
  shape: 'line',
  values: {
    median: percentile('Median', 'event.duration', 50),
    slow: percentile('95th percentile', 'event.duration', 95),
  },
});
