export { openEmbeddedIndex } from './driver.ts';
export type { EmbeddedIndexOptions } from './driver.ts';
