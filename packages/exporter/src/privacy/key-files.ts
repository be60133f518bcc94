import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;

/** Reads a key file; undefined if there is none. */
export async function readKeyFile(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes a key file in one step, readable by its owner only. When the promise resolves the file survives a power cut:
 * what is sealed under the key may be written from now on.
 */
export async function writeKeyFile(file: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(file);
  await makeKeyDirectory(directory);
  const temporary = `${file}.new`;
  const handle = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
    OWNER_ONLY_FILE,
  );
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(directory);
}

/**
 * Puts a key file into the place of another, which is overwritten: it can be found in no block of the file system that
 * keeps a file where it is.
 */
export async function replaceKeyFile(from: string, to: string): Promise<void> {
  const replaced = await openToErase(to);
  try {
    await rename(from, to);
    await syncDirectory(dirname(to));
    if (replaced !== undefined) await overwrite(replaced);
  } finally {
    await replaced?.close();
  }
}

/** Removes a key file for good, overwritten as {@link replaceKeyFile} does; no error if it is gone already. */
export async function eraseKeyFile(file: string): Promise<void> {
  const handle = await openToErase(file);
  if (handle === undefined) return;
  try {
    await removeKeyFile(file);
    await overwrite(handle);
  } finally {
    await handle.close();
  }
}

async function openToErase(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function overwrite(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(size), 0, size, 0);
  await handle.sync();
}

/** Makes a folder for its owner alone. */
export async function makeKeyDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
}

/** Removes a key file for good; no error if it is gone already. */
export async function removeKeyFile(file: string): Promise<void> {
  await rm(file, { force: true });
  await syncDirectory(dirname(file));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The names in a directory; none if it does not exist. */
export async function listDirectory(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
