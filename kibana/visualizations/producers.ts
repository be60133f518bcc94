import { count, lastValue, maximum, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Every start of a process: if nothing was lost, its numbers are as many as the highest. */
export const producers: SavedObject = table({
  id: 'spanledger-producers',
  title: 'Producers',
  columns: {
    producer: terms('Producer', 'audit.sequence.stream_id', 'records', 20),
    service: lastValue('Service', 'service.name'),
    records: count('Records'),
    numbers: uniqueCount('Numbers', 'audit.sequence.number'),
    highest: maximum('Highest number', 'audit.sequence.number'),
    newest: maximum('Newest', '@timestamp'),
  },
});
