import { constants } from 'node:fs';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { anchorFileName, type AnchorTarget } from './anchored-checkpoint.ts';

/**
 * Writes each checkpoint to a file of its own in a directory: whole or not at all, and never over another one. The
 * directory must exist, so that a disk that is not mounted is noticed.
 *
 * @param directory absolute path
 */
export function directoryTarget(directory: string): AnchorTarget {
  return {
    async hand({ note, size }) {
      const path = join(directory, anchorFileName(size));
      const staged = join(directory, `.${anchorFileName(size)}.new`);
      await write(staged, note);
      try {
        // Unlike a rename, a link replaces nothing.
        await link(staged, path);
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        await demandSame(path, note);
      } finally {
        await unlink(staged);
      }
      await sync(directory);
    },
  };
}

async function write(path: string, note: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o644);
  try {
    await file.writeFile(note);
    await file.sync();
  } catch (error) {
    // On a full disk, what was left of every attempt would keep it full.
    await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/** Signatures may differ, of witnesses for example; what they are over may not. */
async function demandSame(path: string, note: string): Promise<void> {
  const there = await readFile(path, 'utf8');
  if (textOf(there) === textOf(note)) return;
  throw new Error(`${path} is there already and holds another checkpoint of this size`);
}

function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
