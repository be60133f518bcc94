import { basename, dirname } from 'node:path';
import type { Files, OpenFile } from '../../../packages/ledger/src/files.ts';

/** A file's content: as a process sees it, and as it stood at the last sync. */
interface Inode {
  data: Buffer;
  synced: Buffer;
}

/** A directory: its names as a process sees them, and as they stood at the last sync. */
interface Directory {
  names: Map<string, Inode | 'directory'>;
  synced: Map<string, Inode | 'directory'>;
}

/** What a power cut does to something that was not synced: `true` keeps it. Called once for each such thing. */
export type Survives = () => boolean;

/**
 * A disk in memory that forgets at {@link cutPower} what was not synced, as a real one may: content that was written
 * and not synced, in part or whole, and names whose directory was not synced.
 */
export class MemoryFiles implements Files {
  #directories = new Map<string, Directory>([['/', { names: new Map(), synced: new Map() }]]);

  /** @param directory exists from the start, durably */
  constructor(directory: string) {
    void this.makeDirectory(directory);
    this.cutPower(() => true);
  }

  create(path: string): Promise<OpenFile> {
    const parent = this.#parent(path);
    if (parent.names.has(basename(path))) throw failure('EEXIST', path);
    const inode = { data: Buffer.alloc(0), synced: Buffer.alloc(0) };
    parent.names.set(basename(path), inode);
    return Promise.resolve(openInode(inode));
  }

  open(path: string): Promise<OpenFile> {
    return Promise.resolve(openInode(this.#inode(path)));
  }

  read(path: string): Promise<Buffer | undefined> {
    const inode = this.#directories.get(dirname(path))?.names.get(basename(path));
    return Promise.resolve(typeof inode === 'object' ? Buffer.from(inode.data) : undefined);
  }

  rename(from: string, to: string): Promise<void> {
    const inode = this.#inode(from);
    this.#parent(to).names.set(basename(to), inode);
    this.#parent(from).names.delete(basename(from));
    return Promise.resolve();
  }

  unlink(path: string): Promise<void> {
    this.#directories.get(dirname(path))?.names.delete(basename(path));
    return Promise.resolve();
  }

  removeDirectory(path: string): Promise<void> {
    this.#directories.get(dirname(path))?.names.delete(basename(path));
    for (const known of this.#directories.keys()) {
      if (known === path || known.startsWith(`${path}/`)) this.#directories.delete(known);
    }
    return Promise.resolve();
  }

  makeDirectory(path: string): Promise<void> {
    if (this.#directories.has(path)) return Promise.resolve();
    void this.makeDirectory(dirname(path));
    this.#parent(path).names.set(basename(path), 'directory');
    this.#directories.set(path, { names: new Map(), synced: new Map() });
    return Promise.resolve();
  }

  list(path: string): Promise<string[]> {
    return Promise.resolve([...(this.#directories.get(path)?.names.keys() ?? [])]);
  }

  syncDirectory(path: string): Promise<void> {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw failure('ENOENT', path);
    directory.synced = new Map(directory.names);
    return Promise.resolve();
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

function openInode(inode: Inode): OpenFile {
  return {
    write(buffers, position) {
      const bytes = Buffer.concat(buffers);
      const grown = Buffer.alloc(Math.max(inode.data.length, position + bytes.length));
      inode.data.copy(grown);
      bytes.copy(grown, position);
      inode.data = grown;
      return Promise.resolve();
    },
    read: (buffer, position) => Promise.resolve(inode.data.subarray(position).copy(buffer)),
    datasync() {
      inode.synced = inode.data;
      return Promise.resolve();
    },
    truncate(sizeBytes) {
      const cut = Buffer.alloc(sizeBytes);
      inode.data.copy(cut);
      inode.data = cut;
      return Promise.resolve();
    },
    size: () => Promise.resolve(inode.data.length),
    close: () => Promise.resolve(),
  };
}

/** Of what was written since the last sync, all, some or nothing is left. */
function settle(inode: Inode, survives: Survives): void {
  if (inode.data !== inode.synced) {
    const [isLeft, isWhole] = [survives(), survives()];
    if (!isLeft) inode.data = inode.synced;
    else if (!isWhole) inode.data = tear(inode);
  }
  inode.synced = inode.data;
}

/** The size arrived, and of the new bytes the first half. */
function tear({ data, synced }: Inode): Buffer {
  const torn = Buffer.alloc(data.length);
  const half = synced.length + Math.floor(Math.max(0, data.length - synced.length) / 2);
  data.copy(torn, 0, 0, half);
  return torn;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
