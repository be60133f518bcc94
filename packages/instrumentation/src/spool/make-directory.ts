import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Only the owner may read what people did. */
const DIRECTORY_MODE = 0o700;

/**
 * Creates a directory and what is missing above it. Not `mkdirSync` with `recursive`: Node's never returns where the
 * system answers "no such directory" for a directory whose parent is there, as below /proc, and this runs in the
 * application's thread.
 *
 * @param path - The directory; it may exist.
 * @throws what the system says.
 */
export function makeDirectory(path: string): void {
  if (makeOne(path) !== 'parent_missing') return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  mkdirSync(path, { mode: DIRECTORY_MODE });
}

function makeOne(path: string): 'there' | 'parent_missing' {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
    return 'there';
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'EEXIST') return 'there';
    if (error.code === 'ENOENT') return 'parent_missing';
    throw error;
  }
}
