import { followedRecords } from '../followed-records.ts';
import type { FollowedRecords } from '../followed-records.ts';
import type { OpeningsReader } from '../openings.ts';
import { openEmbeddedIndex } from './embedded/index.ts';
import type { EmbeddedIndexOptions } from './embedded/index.ts';
import { followLog } from './follow.ts';
import type { FollowedExceptions } from './follow.ts';
import type { SearchIndex } from './search-index.ts';

export { openEmbeddedIndex, StoredIndex } from './embedded/index.ts';
export type { EmbeddedIndexOptions, IndexDifference } from './embedded/index.ts';
export { addToBucket, bucketStart } from './buckets.ts';
export { LayeredIndex } from './layered-index.ts';
export { SettledPosition } from './settled-position.ts';
export { MAX_CANDIDATES } from './search-index.ts';
export type { IndexedRecord, SearchIndex, SearchIndexDriver, Tally } from './search-index.ts';

/** How the index is opened as a follower. */
export interface SearchIndexOptions extends EmbeddedIndexOptions, FollowedExceptions {
  /** Where the opened groups of the records are. */
  openings: OpeningsReader;
  /** Reads records with these opened groups; given where followers share what they read. */
  records?: FollowedRecords;
}

/** Opens the embedded index as a follower of the log. */
export function openSearchIndex(options: SearchIndexOptions): SearchIndex {
  const { openings, records = followedRecords(openings) } = options;
  return followLog(openEmbeddedIndex(options), records, options);
}
