/** A reference of one saved object to another. */
export interface Reference {
  id: string;
  name: string;
  type: SavedObject['type'];
}

/** A saved object as Kibana imports it, a line of NDJSON. */
export interface SavedObject {
  type: 'dashboard' | 'index-pattern' | 'lens' | 'search';
  id: string;
  attributes: Record<string, unknown>;
  references: Reference[];
}

/** Which migrations an object of a type has behind it: those of Kibana 8.9 and later take it as it is. */
const TYPE_VERSIONS: Record<SavedObject['type'], string> = {
  dashboard: '10.2.0',
  'index-pattern': '8.0.0',
  lens: '8.9.0',
  search: '10.5.0',
};

/** One line of the file to import. */
export function renderSavedObject(object: SavedObject): string {
  return JSON.stringify({
    ...object,
    managed: false,
    coreMigrationVersion: '8.8.0',
    typeMigrationVersion: TYPE_VERSIONS[object.type],
  });
}
