export { followCompleteness, openCompleteness } from './completeness-store.ts';
export type { CompletenessReader } from './completeness-store.ts';
export type { SessionCompleteness } from './session-completeness.ts';
