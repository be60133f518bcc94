import type { OpeningsReader } from '../openings.ts';
import { openEmbeddedIndex } from './embedded/index.ts';
import type { EmbeddedIndexOptions } from './embedded/index.ts';
import { followLog } from './follow.ts';
import type { SearchIndex } from './search-index.ts';

export { openEmbeddedIndex } from './embedded/index.ts';
export type { EmbeddedIndexOptions } from './embedded/index.ts';
export { MAX_CANDIDATES } from './search-index.ts';
export type { SearchIndex, SearchIndexDriver } from './search-index.ts';

/**
 * Opens the embedded index as a follower of the log.
 *
 * @param options - as for the driver, and where the opened groups of the records are
 */
export function openSearchIndex(options: EmbeddedIndexOptions & { openings: OpeningsReader }): SearchIndex {
  return followLog(openEmbeddedIndex(options), options.openings);
}
