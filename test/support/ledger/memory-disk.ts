import { basename, dirname } from 'node:path';
import type {
  BlockingHandle,
  DirectoryEntry,
  FileHandle,
  FileSystem,
} from '../../../packages/ledger/src/storage/file-system.ts';

/** Something that was done to a file's content and is not synced. */
type Change = { kind: 'write'; position: number; bytes: Buffer } | { kind: 'truncate'; sizeBytes: number };

/** A file's content: as a process sees it, as it stood at the last sync, and what was done since. */
interface Inode {
  data: Buffer;
  synced: Buffer;
  unsynced: Change[];
}

/** A directory: its names as a process sees them, and as they stood at the last sync. */
interface Directory {
  names: Map<string, Inode | 'directory'>;
  synced: Map<string, Inode | 'directory'>;
}

/** What a power cut does to something that was not synced: `true` keeps it. Called once for each such thing. */
export type Survives = () => boolean;

/** What a real disk writes at once. */
const SECTOR_BYTES = 512;

/**
 * A disk in memory that forgets at {@link cutPower} what was not synced, as a real one may: content that was written
 * and not synced, sector by sector and in any order, and names whose directory was not synced.
 */
export class MemoryDisk implements FileSystem {
  #directories = new Map<string, Directory>([['/', { names: new Map(), synced: new Map() }]]);

  /** @param directory exists from the start, durably */
  constructor(directory: string) {
    this.#makeAll(directory);
    this.cutPower(() => true);
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle> {
    const directory = this.#directories.get(path);
    if (directory !== undefined) return openDirectory(directory);
    if (flags !== 'wx') return this.openInode(this.#inode(path));
    const parent = this.#parent(path);
    if (parent.names.has(basename(path))) throw failure('EEXIST', path);
    const inode: Inode = { data: Buffer.alloc(0), synced: Buffer.alloc(0), unsynced: [] };
    parent.names.set(basename(path), inode);
    return this.openInode(inode);
  }

  async readFile(path: string): Promise<Buffer> {
    return Buffer.from(this.#inode(path).data);
  }

  async readdir(path: string): Promise<DirectoryEntry[]> {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw failure('ENOENT', path);
    return [...directory.names].map(([name, entry]) => ({ name, isDirectory: () => entry === 'directory' }));
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inode(from);
    this.#parent(to).names.set(basename(to), inode);
    this.#parent(from).names.delete(basename(from));
  }

  async unlink(path: string): Promise<void> {
    this.#inode(path);
    this.#parent(path).names.delete(basename(path));
  }

  async mkdir(path: string): Promise<void> {
    if (this.#parent(path).names.has(basename(path))) throw failure('EEXIST', path);
    this.#parent(path).names.set(basename(path), 'directory');
    this.#directories.set(path, { names: new Map(), synced: new Map() });
  }

  async rmdir(path: string): Promise<void> {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw failure('ENOENT', path);
    if (directory.names.size > 0) throw failure('ENOTEMPTY', path);
    this.#directories.delete(path);
    this.#parent(path).names.delete(basename(path));
  }

  /** All paths of files, sorted. */
  paths(): string[] {
    return [...this.#directories]
      .flatMap(([path, { names }]) =>
        [...names].filter(([, entry]) => entry !== 'directory').map(([name]) => `${path}/${name}`),
      )
      .sort();
  }

  /** Ends as a machine does whose power is cut. Everything that is left is synced. */
  cutPower(survives: Survives): void {
    const left = new Map<string, Directory>();
    const visit = (path: string): void => {
      const directory = this.#directories.get(path) ?? { names: new Map(), synced: new Map() };
      const names = new Map(directory.synced);
      for (const name of new Set([...directory.names.keys(), ...directory.synced.keys()])) {
        const now = directory.names.get(name);
        if (now === directory.synced.get(name) || !survives()) continue;
        if (now === undefined) names.delete(name);
        else names.set(name, now);
      }
      left.set(path, { names, synced: new Map(names) });
      for (const [name, entry] of names) {
        if (entry === 'directory') visit(path === '/' ? `/${name}` : `${path}/${name}`);
        else settle(entry, survives);
      }
    };
    visit('/');
    this.#directories = left;
  }

  /** A handle of a file; for a subclass to change what it does. */
  protected openInode(inode: Inode): FileHandle {
    const blocking: BlockingHandle = {
      writev(buffers, position) {
        const bytes = Buffer.concat(buffers);
        change(inode, { kind: 'write', position, bytes });
        return bytes.length;
      },
      datasync() {
        inode.synced = inode.data;
        inode.unsynced = [];
      },
    };
    return {
      blocking,
      writev: async (buffers, position) => ({ bytesWritten: blocking.writev(buffers, position) }),
      read: async (buffer, offset, length, position) => ({
        bytesRead: inode.data.subarray(position, position + length).copy(buffer, offset),
      }),
      datasync: async () => blocking.datasync(),
      sync: () => Promise.reject(failure('EINVAL', 'a file is synced by datasync')),
      truncate: async (sizeBytes) => {
        change(inode, { kind: 'truncate', sizeBytes });
      },
      stat: async () => ({ size: inode.data.length }),
      close: async () => undefined,
    };
  }

  #makeAll(path: string): void {
    if (this.#directories.has(path)) return;
    this.#makeAll(dirname(path));
    void this.mkdir(path);
  }

  #parent(path: string): Directory {
    const parent = this.#directories.get(dirname(path));
    if (parent === undefined) throw failure('ENOENT', path);
    return parent;
  }

  #inode(path: string): Inode {
    const inode = this.#directories.get(dirname(path))?.names.get(basename(path));
    if (typeof inode !== 'object') throw failure('ENOENT', path);
    return inode;
  }
}

function openDirectory(directory: Directory): FileHandle {
  const isDirectory = (): Promise<never> => Promise.reject(failure('EISDIR', 'a directory'));
  return {
    writev: isDirectory,
    read: isDirectory,
    datasync: isDirectory,
    truncate: isDirectory,
    stat: async () => ({ size: 0 }),
    async sync() {
      directory.synced = new Map(directory.names);
    },
    close: async () => undefined,
    blocking: { writev: failDirectory, datasync: failDirectory },
  };
}

function failDirectory(): never {
  throw failure('EISDIR', 'a directory');
}

function change(inode: Inode, what: Change): void {
  inode.data = applied(inode.data, what);
  inode.unsynced.push(what);
}

function applied(data: Buffer, what: Change): Buffer {
  const sizeBytes =
    what.kind === 'truncate' ? what.sizeBytes : Math.max(data.length, what.position + what.bytes.length);
  const changed = Buffer.alloc(sizeBytes);
  data.copy(changed);
  if (what.kind === 'write') what.bytes.copy(changed, what.position);
  return changed;
}

/** Of what was done since the last sync, each sector arrives or not. A size arrives where a write does, even in part. */
function settle(inode: Inode, survives: Survives): void {
  let data = inode.synced;
  for (const what of inode.unsynced) {
    if (!survives()) continue;
    data = what.kind === 'truncate' ? applied(data, what) : sectorsOf(what, data, survives);
  }
  inode.data = data;
  inode.synced = data;
  inode.unsynced = [];
}

function sectorsOf(
  { position, bytes }: Extract<Change, { kind: 'write' }>,
  data: Buffer,
  survives: Survives,
): Buffer {
  if (survives()) return applied(data, { kind: 'write', position, bytes });
  const changed = applied(data, { kind: 'write', position, bytes: Buffer.alloc(0) });
  const torn = applied(changed, {
    kind: 'truncate',
    sizeBytes: Math.max(data.length, position + bytes.length),
  });
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES - ((position + at) % SECTOR_BYTES)) {
    const end = at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES);
    if (survives()) bytes.copy(torn, position + at, at, end);
  }
  return torn;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
