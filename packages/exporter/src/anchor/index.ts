export { Anchors } from './anchors.ts';
export type { AnchorConfig } from './anchors.ts';
export type { AnchorStatus } from './anchor-follower.ts';
