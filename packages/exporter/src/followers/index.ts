export { FollowerThread } from './follower-thread.ts';
