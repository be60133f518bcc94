import { ByteBuffer } from '../byte-buffer.ts';
import { LedgerError } from '../errors.ts';
import { checkFolder, checkName } from './names.ts';
import type { ByteRange, Storage, StoredFile, WritableStorage } from './storage.ts';

/** Files by name. */
type Files = Map<string, ByteBuffer>;

/**
 * Keeps files in memory, for tests and for logs that end with their process: what {@link WritableStorage} calls durable
 * lives as long as the storage.
 */
export function memoryStorage(): Storage {
  const files: Files = new Map();
  let holder: string | undefined;
  return {
    read: (name, range) => readMemory(files, name, range),
    list: (folder) => listMemory(files, folder),
    async lock(writer) {
      if (holder !== undefined) {
        throw new LedgerError(
          'ledger_locked',
          `${holder} is already being written by process ${process.pid}`,
          { hint: 'That is this process: close the ledger that it has opened first.' },
        );
      }
      holder = writer;
      return new WritableMemory(files, () => (holder = undefined));
    },
  };
}

async function readMemory(files: Files, name: string, range?: ByteRange): Promise<Buffer | undefined> {
  checkName(name);
  const view = files.get(name)?.view;
  // A copy: what is appended later may stand where this does.
  return view && Buffer.from(view.subarray(range?.start, range && Math.max(range.start, range.end)));
}

async function listMemory(files: Files, folder: string): Promise<string[]> {
  checkFolder(folder);
  const prefix = folder === '' ? '' : `${folder}/`;
  const names = new Set<string>();
  for (const name of files.keys()) {
    if (!name.startsWith(prefix)) continue;
    const end = name.indexOf('/', prefix.length);
    names.add(name.slice(prefix.length, end < 0 ? undefined : end + 1));
  }
  return [...names];
}

class WritableMemory implements WritableStorage {
  readonly #files: Files;
  readonly #unlock: () => void;

  constructor(files: Files, unlock: () => void) {
    this.#files = files;
    this.#unlock = unlock;
  }

  read(name: string, range?: ByteRange): Promise<Buffer | undefined> {
    return readMemory(this.#files, name, range);
  }

  list(folder: string): Promise<string[]> {
    return listMemory(this.#files, folder);
  }

  async put(files: readonly StoredFile[]): Promise<void> {
    for (const { name } of files) checkName(name);
    for (const { name, bytes } of files) {
      const file = new ByteBuffer(bytes.length);
      file.push(bytes);
      this.#files.set(name, file);
    }
  }

  async append(name: string, position: number, buffers: readonly Uint8Array[]): Promise<void> {
    checkName(name);
    const file = this.#files.get(name) ?? new ByteBuffer();
    if (file.length < position) {
      throw new Error(`${name} has ${file.length} bytes, nothing can be appended at ${position}`);
    }
    this.#files.set(name, file);
    file.length = position;
    for (const bytes of buffers) file.push(bytes);
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) checkName(name);
    for (const name of names) this.#files.delete(name);
  }

  async release(): Promise<void> {
    this.#unlock();
  }
}
