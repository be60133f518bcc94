import type { StoredFile } from './storage.ts';

/** What the thread that writes files is started with. */
export interface WholeFilesThreadData {
  root: string;
  /** See whole-files.ts; another for each thread, since one that died leaves behind what it had staged. */
  stagedPrefix: string;
}

/** Work for the thread; it is done in order. */
export type WholeFilesTask =
  { kind: 'put'; files: readonly StoredFile[] } | { kind: 'remove'; names: readonly string[] };
