import { fdatasyncSync, writevSync } from 'node:fs';
import * as fs from 'node:fs/promises';

/**
 * The part of node:fs/promises that the file driver is written on, so that a test can fail each operation, or forget
 * what was not synced.
 */
export interface FileSystem {
  open(path: string, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle>;
  readFile(path: string): Promise<Buffer>;
  readdir(path: string, options: { withFileTypes: true }): Promise<DirectoryEntry[]>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<unknown>;
  rmdir(path: string): Promise<void>;
}

/** An open file, or directory. */
export interface FileHandle {
  writev(buffers: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }>;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  /** Makes the content and the size durable. */
  datasync(): Promise<void>;
  /** Of a directory: makes the names in it durable. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  stat(): Promise<{ size: number }>;
  close(): Promise<void>;
  /** What blocks the thread until it is done. */
  readonly blocking: BlockingHandle;
  /** By which another thread of the process can use the file; undefined where none can. */
  readonly fd?: number;
}

/** An open file, used without waiting for its turn: each operation is done when the call returns. */
export interface BlockingHandle {
  /** Returns how many bytes were written. */
  writev(buffers: readonly Uint8Array[], position: number): number;
  datasync(): void;
}

/** A name in a directory. */
export interface DirectoryEntry {
  name: string;
  isDirectory(): boolean;
}

/** The operating system's files. */
export const nodeFileSystem: FileSystem = {
  ...fs,
  open: async (path, flags) => {
    const handle = await fs.open(path, flags);
    return Object.assign(handle, { blocking: blockingHandle(handle.fd) });
  },
};

/** An open file by what the operating system knows it by. */
export function blockingHandle(fd: number): BlockingHandle {
  return {
    writev: (buffers, position) => writevSync(fd, buffers, position),
    datasync: () => fdatasyncSync(fd),
  };
}

/** True if an error of the file system says that there is no such file or directory. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

/** True if an error of the file system has one of these codes, e.g. `EEXIST`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

/** Opens a file for as long as `use` takes. */
export async function withHandle<T>(
  files: FileSystem,
  path: string,
  flags: 'r' | 'wx',
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await files.open(path, flags);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** Writes all of the buffers, one after the other, from `position` on. */
export async function writeAll(
  handle: FileHandle,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0);
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, position);
    if (bytesWritten === 0) throw new Error('the file system accepted no byte');
    position += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

/** As {@link writeAll}, with the thread blocked until it is done. */
export function writeAllBlocking(
  handle: BlockingHandle,
  buffers: readonly Uint8Array[],
  position: number,
): void {
  let rest = buffers.filter((buffer) => buffer.length > 0);
  while (rest.length > 0) {
    const written = handle.writev(rest, position);
    if (written === 0) throw new Error('the file system accepted no byte');
    position += written;
    rest = after(rest, written);
  }
}

/** Fills `buffer` from `position` on; returns how many bytes there were. */
export async function readAll(handle: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
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
