import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochKeys } from '@spanledger/ledger';

/** Epoch keys that outlive a process, for tests that kill it. They are not wrapped. */
export function plainEpochKeys(directory: string): EpochKeys {
  const path = (segment: string): string => join(directory, segment);
  return {
    async create(segment) {
      const bytes = randomBytes(32);
      await mkdir(directory, { recursive: true });
      await writeFile(path(segment), bytes, { flush: true });
      return createSecretKey(bytes);
    },
    async open(segment) {
      const bytes = await readFile(path(segment)).catch(() => undefined);
      return bytes === undefined ? undefined : createSecretKey(bytes);
    },
    destroy: (segment) => rm(path(segment), { force: true }),
  };
}
