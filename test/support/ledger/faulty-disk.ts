import type {
  DirectoryEntry,
  FileHandle,
  FileSystem,
} from '../../../packages/ledger/src/storage/file-system.ts';

/** Which operation fails, counted from 0, and whether it takes effect nevertheless. */
export interface Fault {
  at: number;
  when: 'before' | 'after';
}

/** A disk of which one operation fails; only those that change something are counted. */
export class FaultyDisk implements FileSystem {
  /** What was done, in order: the operation and its path. */
  readonly operations: string[] = [];
  /** Once set, nothing works any more: the process is as good as dead. */
  isDead = false;
  readonly #inner: FileSystem;
  readonly #fault: Fault | undefined;
  readonly #stopAt: number | undefined;

  /** @param stopAt the number of the operation from which on nothing works any more */
  constructor(inner: FileSystem, fault?: Fault, stopAt?: number) {
    this.#inner = inner;
    this.#fault = fault;
    this.#stopAt = stopAt;
  }

  async open(path: string, flags: 'r' | 'r+' | 'wx'): Promise<FileHandle> {
    if (flags === 'wx') {
      let created: FileHandle | undefined;
      try {
        const open = async (): Promise<FileHandle> => (created = await this.#inner.open(path, flags));
        return this.#wrap(path, await this.#run(`create ${path}`, open));
      } catch (error) {
        // Nobody got to know it, so nobody else closes it.
        await created?.close();
        throw error;
      }
    }
    this.#assertAlive();
    return this.#wrap(path, await this.#inner.open(path, flags));
  }

  async readFile(path: string): Promise<Buffer> {
    this.#assertAlive();
    return await this.#inner.readFile(path);
  }

  async readdir(path: string, options: { withFileTypes: true }): Promise<DirectoryEntry[]> {
    this.#assertAlive();
    return await this.#inner.readdir(path, options);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run(`rename ${to}`, () => this.#inner.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#run(`unlink ${path}`, () => this.#inner.unlink(path));
  }

  async mkdir(path: string): Promise<void> {
    await this.#run(`mkdir ${path}`, () => this.#inner.mkdir(path));
  }

  rmdir(path: string): Promise<void> {
    return this.#run(`rmdir ${path}`, () => this.#inner.rmdir(path));
  }

  #wrap(path: string, handle: FileHandle): FileHandle {
    return {
      writev: (buffers, position) => this.#run(`write ${path}`, () => handle.writev(buffers, position)),
      datasync: () => this.#run(`datasync ${path}`, () => handle.datasync()),
      sync: () => this.#run(`sync ${path}`, () => handle.sync()),
      truncate: (sizeBytes) => this.#run(`truncate ${path}`, () => handle.truncate(sizeBytes)),
      read: async (buffer, offset, length, position) => {
        this.#assertAlive();
        return await handle.read(buffer, offset, length, position);
      },
      stat: () => handle.stat(),
      close: () => handle.close(),
      blocking: {
        writev: (buffers, position) =>
          this.#runBlocking(`write ${path}`, () => handle.blocking.writev(buffers, position)),
        datasync: () => this.#runBlocking(`datasync ${path}`, () => handle.blocking.datasync()),
      },
    };
  }

  async #run<T>(operation: string, effect: () => Promise<T>): Promise<T> {
    const isFault = this.#begin(operation);
    // A real operation takes its time, and others come in between.
    await new Promise(setImmediate);
    const result = await effect();
    if (isFault) throw new Error(`failed after: ${operation}`);
    return result;
  }

  #runBlocking<T>(operation: string, effect: () => T): T {
    const isFault = this.#begin(operation);
    const result = effect();
    if (isFault) throw new Error(`failed after: ${operation}`);
    return result;
  }

  /** Counts an operation, and fails before it if it is to; tells whether it is to fail after. */
  #begin(operation: string): boolean {
    const number = this.operations.length;
    if (this.#stopAt !== undefined && number >= this.#stopAt) this.isDead = true;
    this.#assertAlive();
    this.operations.push(operation);
    if (this.#fault?.at !== number) return false;
    if (this.#fault.when === 'before') throw new Error(`failed before: ${operation}`);
    return true;
  }

  #assertAlive(): void {
    if (this.isDead) throw new Error('the process is dead');
  }
}
