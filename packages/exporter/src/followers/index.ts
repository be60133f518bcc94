export { FollowerThread } from './follower-thread.ts';
export type { FollowerThreadOptions } from './follower-thread.ts';
