/** A value of a saved object. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What one saved object says of another: where it is used, and which it is. */
export interface Reference {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

/** Types that are shipped, with the newest version of each that Kibana 8.19 and 9 both import without a warning. */
const TYPE_VERSIONS = {
  'index-pattern': '8.0.0',
  search: '10.5.0',
  lens: '8.9.0',
  dashboard: '10.2.0',
} as const;
const CORE_VERSION = '8.8.0';

/** A line of `spanledger.ndjson`. */
export interface SavedObject {
  readonly attributes: Readonly<Record<string, Json>>;
  readonly coreMigrationVersion: string;
  readonly id: string;
  readonly managed: boolean;
  readonly references: readonly Reference[];
  readonly type: keyof typeof TYPE_VERSIONS;
  readonly typeMigrationVersion: string;
}

/** Makes a saved object of what differs between them. */
export function savedObject(
  type: SavedObject['type'],
  id: string,
  attributes: SavedObject['attributes'],
  references: readonly Reference[] = [],
): SavedObject {
  return {
    attributes,
    coreMigrationVersion: CORE_VERSION,
    id,
    managed: false,
    references,
    type,
    typeMigrationVersion: TYPE_VERSIONS[type],
  };
}
