import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { TaskThread } from '../threads/task-thread.ts';
import type { FrameTask } from './frame-messages.ts';
import type { UnlinkedFrame } from './links.ts';

/** Where a frame goes, and how. */
export interface FramePlacement extends Omit<FrameTask, 'frame' | 'key'> {
  /** The segment's epoch key. */
  key: KeyObject;
}

/**
 * Links, seals, writes and syncs frames in a thread of its own, one at a time, so that the thread which takes in
 * requests goes on with the next ones meanwhile.
 */
export class FrameThread {
  readonly #thread: TaskThread<FrameTask>;
  /** The epoch key that the thread has; to hand one over takes longer than all else of a task. */
  #key: KeyObject | undefined;

  /** @param startWorker starts the thread; a test brings its own */
  constructor(startWorker: () => Worker = startFrameWorker) {
    this.#thread = new TaskThread('the thread that writes the journal', startWorker, () => {
      this.#key = undefined;
    });
  }

  /** Resolves once a frame is durable and its `hashes` are there. Frames are written in the order of the calls. */
  async write(frame: UnlinkedFrame, { key, ...place }: FramePlacement): Promise<void> {
    const isNew = key !== this.#key;
    this.#key = key;
    await this.#thread.run({ frame, key: isNew ? key : undefined, ...place });
  }

  /** Ends the thread. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}

function startFrameWorker(): Worker {
  // As this file is run, built or as source, so is the thread's.
  const script = import.meta.url.endsWith('.ts')
    ? new URL('./frame-worker.ts', import.meta.url)
    : new URL('./frame-worker.js', import.meta.url);
  return new Worker(script, { name: 'spanledger-journal' });
}
