// The thread that makes large groups durable. While it waits for the disk, nobody else does.
import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { asBuffer } from '../byte-buffer.ts';
import { blockingHandle, writeAllBlocking } from '../storage/file-system.ts';
import { failureOf, type NumberedTask, type TaskOutcome } from '../threads/task-outcome.ts';
import type { FrameTask } from './frame-messages.ts';
import { encodeFrame } from './frame.ts';
import { linkEntries } from './links.ts';

let epochKey: KeyObject | undefined;
/** The leaf hash of the last entry that was written; undefined once a frame has failed. */
let last: string | undefined;

function writeFrame({ frame, isFollowing, key, iv, fd, position }: FrameTask): void {
  epochKey = key ?? epochKey;
  if (epochKey === undefined) throw new Error('there is no epoch key');
  const previous = isFollowing ? last : frame.previous;
  last = undefined;
  if (isFollowing && previous === undefined) throw new Error('the frame before was not written');
  const digest = linkEntries({
    ...frame,
    previous,
    entries: asBuffer(frame.entries),
    links: asBuffer(frame.links),
    hashes: asBuffer(frame.hashes),
  });
  const file = blockingHandle(fd);
  writeAllBlocking(file, encodeFrame(frame, epochKey, iv), position);
  file.datasync();
  last = digest;
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
