import { count, terms } from '../lens/column.ts';
import { series } from '../lens/series.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** A hole in this is a time without records. */
export const recordsByLog: SavedObject = series({
  id: 'spanledger-records-by-log',
  title: 'Records over time, by log',
  split: terms('Log', 'audit.ledger.origin', 'records', 5),
  values: { records: count('Records') },
});
