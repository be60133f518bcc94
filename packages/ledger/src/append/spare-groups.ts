import type { Group } from './group.ts';

/**
 * How much storage is kept: about as much as may wait to be written. Memory that threads share is given back when it is
 * collected, and what decides when that is does not count it: what is not kept stays all the same, and more comes beside it.
 */
const MAX_SPARE_BYTES = 32 * 1024 * 1024;

/** A group that has more storage is not kept: what one large append took is given back. */
const MAX_GROUP_STORAGE_BYTES = 8 * 1024 * 1024;

/** Groups that are done with, for their storage. */
export class SpareGroups {
  readonly #groups: Group[] = [];
  #sizeBytes = 0;

  /** The one that came last, whose memory is the likeliest to be near. */
  take(): Group | undefined {
    const group = this.#groups.pop();
    this.#sizeBytes -= group?.storageBytes ?? 0;
    return group;
  }

  /** Keeps one, if there is room for it. */
  give(group: Group): void {
    const { storageBytes } = group;
    if (storageBytes > MAX_GROUP_STORAGE_BYTES || this.#sizeBytes + storageBytes > MAX_SPARE_BYTES) return;
    this.#groups.push(group);
    this.#sizeBytes += storageBytes;
  }
}
