import type { FollowedRecord } from '../followed-records.ts';
import type { RaisedAlert } from './raised-alert.ts';

/**
 * Takes a record in.
 *
 * @param timeMs - its time, milliseconds since the epoch
 * @returns the alert that it completes
 */
export type Detector = (record: FollowedRecord, timeMs: number) => RaisedAlert | undefined;
