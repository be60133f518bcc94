import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError } from './errors.ts';
import { hasCode, isAbsent } from './files.ts';

/** Who holds a lock: a process, told apart from a later one with the same number by its start time. */
interface LockHolder {
  name: string;
  pid: number;
  /** Clock ticks after boot, from /proc; undefined where there is no /proc. */
  startTime?: string;
  /** The boot, from /proc: pids and start times of another one mean nothing. */
  bootId?: string;
  /** Distinguishes this lock from all others. */
  id: string;
}

/** A held lock. */
export interface Lock {
  release(): Promise<void>;
}

/** How often a lock that changes under our eyes is looked at again. */
const MAX_ATTEMPTS = 20;

/**
 * Makes this process the only writer of a directory: a file `lock` names the process that holds it. A lock whose
 * process is gone, however it ended, is taken over. It protects against processes of one host; a directory that is
 * shared by hosts or by containers with process tables of their own needs more.
 *
 * @param directory created if it is missing
 * @param name what the directory is locked as, for the message of whoever is refused
 * @throws LedgerError `ledger_locked`, naming the holder and its pid
 */
export async function acquireLock(directory: string, name: string): Promise<Lock> {
  const path = join(directory, 'lock');
  const takeover = join(directory, 'lock.takeover');
  const own = await describeSelf(name);
  await fs.mkdir(directory, { recursive: true });
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (await createLock(path, own)) return { release: () => release(path, own) };
    if (!(await isAbandoned(path))) continue;
    // Two processes may find the same lock abandoned. Only the one that creates this file may remove it, and only
    // after it has looked again: the other may have been faster.
    if (await createLock(takeover, own)) {
      try {
        if (await isAbandoned(path)) await unlinkIfPresent(path);
      } finally {
        await unlinkIfPresent(takeover);
      }
    } else if (await isAbandoned(takeover)) {
      await unlinkIfPresent(takeover);
    }
  }
  throw new LedgerError('ledger_locked', `${path} keeps changing hands`);
}

/** Writes a lock in one step, so that nobody ever reads half of one; false if there is one. */
async function createLock(path: string, holder: LockHolder): Promise<boolean> {
  const draft = `${path}.${holder.id}`;
  await fs.writeFile(draft, `${JSON.stringify(holder)}\n`, { flag: 'wx', mode: 0o600 });
  try {
    await fs.link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlinkIfPresent(draft);
  }
}

async function release(path: string, own: LockHolder): Promise<void> {
  const text = await readText(path);
  if (text !== undefined && parseHolder(text)?.id === own.id) await unlinkIfPresent(path);
}

/**
 * Whether there is a lock that nobody holds; false if there is none.
 *
 * @throws LedgerError `ledger_locked` if somebody holds it
 */
async function isAbandoned(path: string): Promise<boolean> {
  const text = await readText(path);
  if (text === undefined) return false;
  const holder = parseHolder(text);
  if (holder !== undefined && (await isAlive(holder))) throw locked(path, holder);
  return true;
}

async function describeSelf(name: string): Promise<LockHolder> {
  const startTime = await readStartTime(process.pid);
  const bootId = await readBootId();
  return {
    name,
    pid: process.pid,
    ...(startTime === undefined ? {} : { startTime }),
    ...(bootId === undefined ? {} : { bootId }),
    id: randomUUID(),
  };
}

async function isAlive({ pid, startTime, bootId }: LockHolder): Promise<boolean> {
  if (bootId !== undefined && bootId !== (await readBootId())) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (!hasCode(error, 'EPERM')) return false;
  }
  // A process with the same number that started at another time is another one.
  return startTime === undefined || startTime === (await readStartTime(pid));
}

/** Field 22 of /proc/<pid>/stat. Fields are counted from behind the last `)`: a process can be named anything. */
async function readStartTime(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function readBootId(): Promise<string | undefined> {
  return (await readText('/proc/sys/kernel/random/boot_id'))?.trim();
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const pid: unknown = Reflect.get(value, 'pid');
  return (
    typeof Reflect.get(value, 'name') === 'string' &&
    typeof Reflect.get(value, 'id') === 'string' &&
    Number.isInteger(pid) &&
    Number(pid) > 0 &&
    ['undefined', 'string'].includes(typeof Reflect.get(value, 'startTime')) &&
    ['undefined', 'string'].includes(typeof Reflect.get(value, 'bootId'))
  );
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error) || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

async function unlinkIfPresent(path: string): Promise<void> {
  await fs.rm(path, { force: true });
}

function locked(path: string, { name, pid }: LockHolder): LedgerError {
  return new LedgerError('ledger_locked', `${name} is already being written by process ${pid}`, {
    hint: `Stop that process first; ${path} is its lock.`,
  });
}
