import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LedgerError } from '../errors.ts';
import { isAbsent } from './file-system.ts';

/** A held lock. */
export interface Lock {
  release(): void;
}

/**
 * Makes this process the only writer of a directory. The lock is SQLite's on an empty database, which is the operating
 * system's on a file: it goes when its process goes, however that ends; no pid that was given to another process can
 * fool it, and it holds between containers that share the directory on one host. A file beside it names the holder.
 *
 * @param directory created if it is missing
 * @param writer what the directory is locked as, for the message of whoever is refused
 * @throws LedgerError `ledger_locked`, naming the holder and its pid
 */
export async function acquireLock(directory: string, writer: string): Promise<Lock> {
  await makeDurably(directory);
  const path = join(directory, 'writer.lock');
  const holderPath = join(directory, 'writer.json');
  // Loaded here: on Node 22 it warns of itself, which is no business of those who only read.
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In this mode the exclusive lock of the first write is kept until the connection closes.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 1;');
    await fs.writeFile(holderPath, `${JSON.stringify({ writer, pid: process.pid })}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw await locked(holderPath, path);
  }
  return {
    release() {
      database.close();
    },
  };
}

/** Creates a directory and its parents, whose names are durable then. */
async function makeDurably(directory: string): Promise<void> {
  const first = await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const end = dirname(first);
  for (let at = directory; at !== end; at = dirname(at)) {
    const handle = await fs.open(dirname(at), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

async function locked(holderPath: string, path: string): Promise<LedgerError> {
  const holder = parseHolder(await readText(holderPath));
  return new LedgerError(
    'ledger_locked',
    holder === undefined
      ? `${dirname(dirname(path))} is already being written by another process`
      : `${holder.writer} is already being written by process ${holder.pid}`,
    { hint: `Stop that process first, or use another directory; ${path} is its lock.` },
  );
}

function parseHolder(text: string): { writer: string; pid: number } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('writer' in value) || !('pid' in value))
      return undefined;
    const { writer, pid } = value;
    return typeof writer === 'string' && typeof pid === 'number' ? { writer, pid } : undefined;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

/** SQLITE_BUSY is 5, with or without an extended code above the lowest byte. */
function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === 5
  );
}
