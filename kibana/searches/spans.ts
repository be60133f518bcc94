import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { savedSearch } from './saved-search.ts';

/** The spans of ordinary telemetry; each leads to the records of its trace. */
export const spans: SavedObject = savedSearch({
  id: 'spanledger-search-spans',
  title: 'Spans',
  description: 'The spans of ordinary telemetry; each leads to the records of its trace.',
  query: '',
  columns: ['name', 'kind', 'duration', 'trace_id', 'span_id', 'parent_span_id'],
  dataView: ids.traces,
});
