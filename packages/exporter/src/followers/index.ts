export { FollowerThreads } from './follower-threads.ts';
export type { ErasureStep } from './follower-thread.ts';
export type { SubjectNames } from './subject-names.ts';
export type { ElasticsearchStatus } from './messages.ts';
