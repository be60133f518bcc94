export { FollowerThread } from './follower-thread.ts';
export type { ErasureStep } from './follower-thread.ts';
