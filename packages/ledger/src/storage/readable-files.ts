import { join } from 'node:path';
import { isAbsent, readAll, withHandle, type FileHandle, type FileSystem } from './file-system.ts';
import { checkFolder, checkName, STAGING } from './names.ts';
import type { ByteRange, ReadableStorage } from './storage.ts';

/**
 * Reads the files below a directory, under their names; that takes no lock.
 *
 * @param root absolute
 */
export function readableFiles(root: string, files: FileSystem): ReadableStorage {
  return {
    async read(name, range) {
      checkName(name);
      const path = join(root, name);
      try {
        if (range === undefined) return await files.readFile(path);
        return await withHandle(files, path, 'r', (handle) => readRange(handle, range));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    async list(folder) {
      checkFolder(folder);
      try {
        const entries = await files.readdir(join(root, folder), { withFileTypes: true });
        return entries
          .filter(({ name }) => name !== STAGING)
          .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
  };
}

async function readRange(handle: FileHandle, { start, end }: ByteRange): Promise<Buffer> {
  const { size } = await handle.stat();
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(end, size) - start));
  return bytes.subarray(0, await readAll(handle, bytes, start));
}
