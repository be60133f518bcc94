import type { Files, OpenFile } from '../../../packages/ledger/src/files.ts';

/** Which operation fails, counted from 0, and whether it takes effect nevertheless. */
export interface Fault {
  at: number;
  when: 'before' | 'after';
}

/** Files of which one operation fails; only those that change something are counted. */
export class FaultyFiles implements Files {
  /** What was done, in order: the operation and its path. */
  readonly operations: string[] = [];
  /** Once set, nothing works any more: the process is as good as dead. */
  isDead = false;
  readonly #inner: Files;
  readonly #fault: Fault | undefined;
  readonly #stopAt: number | undefined;

  /** @param stopAt the number of the operation from which on nothing works any more */
  constructor(inner: Files, fault?: Fault, stopAt?: number) {
    this.#inner = inner;
    this.#fault = fault;
    this.#stopAt = stopAt;
  }

  async create(path: string): Promise<OpenFile> {
    return this.#wrap(path, await this.#run(`create ${path}`, () => this.#inner.create(path)));
  }

  async open(path: string, mode: 'read' | 'write'): Promise<OpenFile> {
    this.#assertAlive();
    return this.#wrap(path, await this.#inner.open(path, mode));
  }

  async read(path: string): Promise<Buffer | undefined> {
    this.#assertAlive();
    return await this.#inner.read(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run(`rename ${to}`, () => this.#inner.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#run(`unlink ${path}`, () => this.#inner.unlink(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#run(`removeDirectory ${path}`, () => this.#inner.removeDirectory(path));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run(`makeDirectory ${path}`, () => this.#inner.makeDirectory(path));
  }

  async list(path: string): Promise<string[]> {
    this.#assertAlive();
    return await this.#inner.list(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run(`syncDirectory ${path}`, () => this.#inner.syncDirectory(path));
  }

  #wrap(path: string, file: OpenFile): OpenFile {
    return {
      write: (buffers, position) => this.#run(`write ${path}`, () => file.write(buffers, position)),
      datasync: () => this.#run(`datasync ${path}`, () => file.datasync()),
      truncate: (sizeBytes) => this.#run(`truncate ${path}`, () => file.truncate(sizeBytes)),
      read: async (buffer, position) => {
        this.#assertAlive();
        return await file.read(buffer, position);
      },
      size: () => file.size(),
      close: () => file.close(),
    };
  }

  async #run<T>(operation: string, effect: () => Promise<T>): Promise<T> {
    const number = this.operations.length;
    if (this.#stopAt !== undefined && number >= this.#stopAt) this.isDead = true;
    this.#assertAlive();
    this.operations.push(operation);
    const isFault = this.#fault?.at === number;
    if (isFault && this.#fault.when === 'before') throw new Error(`failed before: ${operation}`);
    // A real operation takes its time, and others come in between.
    await new Promise(setImmediate);
    const result = await effect();
    if (isFault) throw new Error(`failed after: ${operation}`);
    return result;
  }

  #assertAlive(): void {
    if (this.isDead) throw new Error('the process is dead');
  }
}
