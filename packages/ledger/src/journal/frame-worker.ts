// The thread that makes large groups durable. While it waits for the disk, nobody else does.
import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { asBuffer } from '../byte-buffer.ts';
import { DirectHandle } from '../storage/direct-handle.ts';
import { writeAllBlocking } from '../storage/file-system.ts';
import { failureOf, type NumberedTask, type TaskOutcome } from '../threads/task-outcome.ts';
import type { FrameTask } from './frame-messages.ts';
import { encodeFrame } from './frame.ts';
import { linkEntries } from './links.ts';

let epochKey: KeyObject | undefined;
/** The end of what was written; undefined once a frame has failed. */
let tail: { size: number; hash: string } | undefined;

function writeFrame({ frame, isFollowing, key, iv, fd, position }: FrameTask): void {
  epochKey = key ?? epochKey;
  if (epochKey === undefined) throw new Error('there is no epoch key');
  if (isFollowing && tail?.size !== frame.first) {
    tail = undefined;
    throw new Error('the frame before was not written');
  }
  const previous = isFollowing ? tail?.hash : frame.previous;
  tail = undefined;
  const hash = linkEntries({
    ...frame,
    previous,
    entries: asBuffer(frame.entries),
    links: asBuffer(frame.links),
    hashes: asBuffer(frame.hashes),
  });
  const file = new DirectHandle(fd);
  try {
    writeAllBlocking(file, encodeFrame(frame, epochKey, iv), position);
    file.datasync();
  } finally {
    file.close();
  }
  tail = { size: frame.first + frame.count, hash };
}

parentPort?.on('message', ({ id, task }: NumberedTask<FrameTask>) => {
  const outcome: TaskOutcome = { id };
  try {
    writeFrame(task);
  } catch (error) {
    outcome.failure = failureOf(error);
  }
  parentPort?.postMessage(outcome);
});
