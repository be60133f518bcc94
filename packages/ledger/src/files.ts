import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';

/**
 * Every file operation of the engine, so that a test can fail any of them before or after it took effect.
 *
 * Durability: nothing that is written survives a power cut until {@link OpenFile.datasync} of the file has resolved,
 * and a created, renamed or removed name only once {@link Files.syncDirectory} of its directory has.
 */
export interface Files {
  /** Creates a file that must not exist yet, for reading and writing. */
  create(path: string): Promise<OpenFile>;
  /** Opens an existing file: `read` only, or `write` for reading and writing. */
  open(path: string, mode: 'read' | 'write'): Promise<OpenFile>;
  /** The whole content of a file; undefined if it does not exist. */
  read(path: string): Promise<Buffer | undefined>;
  /** Replaces `to` in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; no error if it does not exist. */
  unlink(path: string): Promise<void>;
  /** Removes a directory and what it holds; no error if it does not exist. */
  removeDirectory(path: string): Promise<void>;
  /** Creates a directory and its parents; no error if it exists. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a directory, in no order; empty if it does not exist. */
  list(path: string): Promise<string[]>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** An open file. */
export interface OpenFile {
  /** Writes all of the buffers, one after the other, from `position` on. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Fills `buffer` from `position` on; returns how many bytes there were. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Makes the content and the size durable. */
  datasync(): Promise<void>;
  /** Cuts the file to a size in bytes. */
  truncate(sizeBytes: number): Promise<void>;
  /** The size in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** True if an error of the file system says that there is no such file or directory. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

/** True if an error of the file system has this code, e.g. `EEXIST`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The operating system's files. */
export const nodeFiles: Files = {
  async create(path) {
    return openFile(await fs.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o644));
  },
  async open(path, mode) {
    return openFile(await fs.open(path, mode === 'read' ? 'r' : 'r+'));
  },
  async read(path) {
    try {
      return await fs.readFile(path);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  },
  rename: (from, to) => fs.rename(from, to),
  async unlink(path) {
    try {
      await fs.unlink(path);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  },
  removeDirectory: (path) => fs.rm(path, { recursive: true, force: true }),
  async makeDirectory(path) {
    await fs.mkdir(path, { recursive: true });
  },
  async list(path) {
    try {
      return await fs.readdir(path);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  },
  async syncDirectory(path) {
    const handle = await fs.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function openFile(handle: fs.FileHandle): OpenFile {
  return {
    async write(buffers, position) {
      let rest = buffers.filter((buffer) => buffer.length > 0);
      while (rest.length > 0) {
        const { bytesWritten } = await handle.writev(rest, position);
        if (bytesWritten === 0) throw new Error('the file system accepted no byte');
        position += bytesWritten;
        rest = after(rest, bytesWritten);
      }
    },
    async read(buffer, position) {
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    datasync: () => handle.datasync(),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

/** What is left of `buffers` after their first `count` bytes. */
function after(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (count >= buffer.length) {
      count -= buffer.length;
    } else {
      rest.push(count > 0 ? buffer.subarray(count) : buffer);
      count = 0;
    }
  }
  return rest;
}
