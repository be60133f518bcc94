import type { StoredFile } from './storage.ts';

/** What the thread that writes files is started with. */
export interface WholeFilesThreadData {
  root: string;
  /** See whole-files.ts; another for each thread, since one that died leaves behind what it had staged. */
  stagedPrefix: string;
}

/** Work for the thread; it is done in order. */
export type WholeFilesTask =
  | { kind: 'put'; id: number; files: readonly StoredFile[] }
  | { kind: 'remove'; id: number; names: readonly string[] };

/** What became of a task. */
export interface WholeFilesOutcome {
  id: number;
  /** Why it failed: what survives of a file system's error when it changes threads. */
  failure?: { message: string; code?: string };
}
