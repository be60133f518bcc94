import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { DirectHandle } from './direct-handle.ts';
import type { FileHandle, FileSystem } from './file-system.ts';

const fdatasync = promisify(fs.fdatasync);

/**
 * The operating system's files, for a thread that does nothing else: each operation is done when its promise is
 * returned, since handing it to a thread of node:fs and hearing of its end takes longer than most of them do. Only
 * `datasync` waits for the disk, and several at once share what the file system commits.
 */
export const blockingFileSystem: FileSystem = {
  open: async (path, flags) => openFile(fs.openSync(path, flags)),
  readFile: async (path) => fs.readFileSync(path),
  readdir: async (path, options) => fs.readdirSync(path, options),
  rename: async (from, to) => fs.renameSync(from, to),
  unlink: async (path) => fs.unlinkSync(path),
  mkdir: async (path) => fs.mkdirSync(path),
  rmdir: async (path) => fs.rmdirSync(path),
};

function openFile(fd: number): FileHandle {
  const blocking = new DirectHandle(fd);
  return {
    writev: async (buffers, position) => ({ bytesWritten: blocking.writev(buffers, position) }),
    read: async (buffer, offset, length, position) => ({
      bytesRead: fs.readSync(fd, buffer, offset, length, position),
    }),
    datasync: () => fdatasync(fd),
    sync: async () => fs.fsyncSync(fd),
    truncate: async (sizeBytes) => fs.ftruncateSync(fd, sizeBytes),
    stat: async () => fs.fstatSync(fd),
    close: async () => {
      blocking.close();
      fs.closeSync(fd);
    },
    blocking,
  };
}
