import { count, terms } from '../lens/column.ts';
import { series } from '../lens/series.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Records over time, by how they ended. */
export const recordsOverTime: SavedObject = series({
  id: 'spanledger-records-over-time',
  title: 'Records over time',
  split: terms('Outcome', 'event.outcome', 'records', 3),
  values: { records: count('Records') },
});
