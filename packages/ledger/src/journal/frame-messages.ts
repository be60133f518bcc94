import type { KeyObject } from 'node:crypto';
import type { UnlinkedFrame } from './links.ts';

/** A frame to be linked, sealed, written and synced. */
export interface FrameTask {
  /** Its buffers are shared memory. */
  frame: UnlinkedFrame;
  /** The entry before it is the last of the frame before, whatever `frame.previous` says. */
  isFollowing: boolean;
  /** The segment's epoch key; undefined if it is that of the task before. */
  key: KeyObject | undefined;
  iv: Uint8Array;
  /** The segment's file, open for writing. */
  fd: number;
  /** Where in it the frame begins. */
  position: number;
}
