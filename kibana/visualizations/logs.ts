import { count, maximum, minimum, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Every log: if nothing is missing in the index, the records are as many as the numbers from the first to the last. */
export const logs: SavedObject = table({
  id: 'spanledger-logs',
  title: 'Logs',
  columns: {
    log: terms('Log', 'audit.ledger.origin', 'records', 20),
    records: count('Records'),
    first: minimum('First number', 'audit.ledger.index'),
    last: maximum('Last number', 'audit.ledger.index'),
    numbers: uniqueCount('Numbers', 'audit.ledger.index'),
    checkpoint: maximum('Covered by a checkpoint of size', 'audit.integrity.checkpoint_size'),
    newest: maximum('Newest', '@timestamp'),
  },
});
