export { IndexFollower } from './follower.ts';
export type { IndexFollowerStatus, IndexNotice } from './follower.ts';
export { IndexState } from './index-state.ts';
export { ElasticsearchReader } from './driver.ts';
