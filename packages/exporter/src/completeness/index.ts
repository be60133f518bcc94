export { followCompleteness, openCompleteness } from './completeness-store.ts';
export type { CompletenessReader } from './completeness-store.ts';
export type { Hole } from './producer.ts';
export type { ProducerParticipation, SessionCompleteness, SessionTail } from './session-completeness.ts';
