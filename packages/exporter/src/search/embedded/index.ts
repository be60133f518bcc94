export { openEmbeddedIndex } from './driver.ts';
export type { EmbeddedIndexOptions } from './driver.ts';
export { StoredIndex } from './stored-index.ts';
export type { IndexDifference } from './stored-index.ts';
