import { ids } from '../saved-objects/ids.ts';
import { type SavedObject, savedObject } from '../saved-objects/saved-object.ts';

/** What makes a saved search. */
export interface SearchSketch {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** KQL. */
  readonly query: string;
  /** Fields, from left to right. */
  readonly columns: readonly string[];
  readonly dataView?: string;
}

/** Makes a saved search: newest first, with the time before its columns. */
export function savedSearch(sketch: SearchSketch): SavedObject {
  const { id, title, description, query, columns, dataView = ids.audit } = sketch;
  const indexRefName = 'kibanaSavedObjectMeta.searchSourceJSON.index';
  return savedObject(
    'search',
    id,
    {
      columns,
      description,
      grid: {},
      hideChart: false,
      isTextBasedQuery: false,
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { language: 'kuery', query }, filter: [], indexRefName }),
      },
      sort: [['@timestamp', 'desc']],
      timeRestore: false,
      title: `[Spanledger] ${title}`,
    },
    [{ id: dataView, name: indexRefName, type: 'index-pattern' }],
  );
}
