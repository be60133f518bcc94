export { Anchors } from './anchors.ts';
export type { AnchorConfig, AnchorWarning } from './anchors.ts';
export type { AnchorStatus } from './anchor-follower.ts';
