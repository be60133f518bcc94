import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';

/**
 * The folders below the spool directory: one per producer, named after who writes it, so that one atomic rename both
 * takes a dead process's folder over and says who has it now.
 *
 *     <host, 8 hex>-<pid>-<start of the process>-<stream id, 32 hex>/00000001.segment …
 *     rejected/                                       what the receiver refused for good
 */

/** The folder of what the receiver refused. */
export const REJECTED_FOLDER = 'rejected';

/** Another host's folder is taken over once nothing in it has changed for this long: its processes cannot be asked. */
export const FOREIGN_HOST_IDLE_MS: number = 10 * 60_000;

const NAME = /^([0-9a-f]{8})-(\d+)-(\d+)-([0-9a-f]{32})$/;

/** Who is running here. */
export interface ProcessIdentity {
  /** Digest of the host's name: in containers, of the container's. */
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from boot to the process's start, so that a reused pid is not taken for it; 0 where unknown. */
  readonly start: number;
}

/** The identity of this process. */
export function currentProcess(): ProcessIdentity {
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  return { host, pid: process.pid, start: startOfProcess(process.pid) ?? 0 };
}

/** The name of the folder that `owner` writes for a stream. */
export function folderName(owner: ProcessIdentity, streamId: string): string {
  return `${owner.host}-${owner.pid}-${owner.start}-${streamId}`;
}

/** Creates a producer's folder, and the spool directory above it. */
export function createFolder(spoolDirectory: string, name: string): string {
  const path = join(spoolDirectory, name);
  makeDirectory(path);
  return path;
}

/**
 * Takes over the folders of processes that are gone.
 *
 * @param spoolDirectory - The folder above them.
 * @param owner - Who takes them.
 * @param now - Milliseconds since the epoch.
 * @returns Paths of what is now ours, oldest first. Of two processes that try, one gets it.
 */
export function adoptFolders(spoolDirectory: string, owner: ProcessIdentity, now: number): string[] {
  const adopted: { path: string; changed: number }[] = [];
  for (const name of listNames(spoolDirectory)) {
    const match = NAME.exec(name);
    const streamId = match?.[4];
    if (match === null || streamId === undefined) continue;
    const writer = { host: match[1] ?? '', pid: Number(match[2]), start: Number(match[3]) };
    const path = join(spoolDirectory, name);
    const changed = lastChange(path);
    if (isSame(writer, owner) || isAlive(writer, owner, now - changed)) continue;
    const target = join(spoolDirectory, folderName(owner, streamId));
    try {
      renameSync(path, target);
      adopted.push({ path: target, changed });
    } catch {
      // Another process was faster, or we may not: whoever has it sends it.
    }
  }
  return adopted.toSorted((a, b) => a.changed - b.changed).map(({ path }) => path);
}

/** Whether there is any producer's folder: at the start of a process, another's. */
export function hasOtherFolders(spoolDirectory: string): boolean {
  return listNames(spoolDirectory).some((name) => NAME.test(name));
}

function isSame(writer: ProcessIdentity, owner: ProcessIdentity): boolean {
  return writer.host === owner.host && writer.pid === owner.pid && writer.start === owner.start;
}

function isAlive(writer: ProcessIdentity, owner: ProcessIdentity, idleMs: number): boolean {
  if (writer.host !== owner.host) return idleMs < FOREIGN_HOST_IDLE_MS;
  try {
    process.kill(writer.pid, 0);
  } catch (error) {
    // Alive, but not ours to signal.
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') return true;
    return false;
  }
  const start = startOfProcess(writer.pid);
  return start === undefined || writer.start === 0 || start === writer.start;
}

/** Field 22 of /proc/<pid>/stat; undefined where there is no such file. */
function startOfProcess(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in field 2 may hold spaces and parentheses; what follows its last parenthesis does not.
    const start = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isSafeInteger(start) ? start : undefined;
  } catch {
    return undefined;
  }
}

function lastChange(folder: string): number {
  let latest = 0;
  for (const path of [folder, ...listNames(folder).map((name) => join(folder, name))]) {
    try {
      latest = Math.max(latest, statSync(path).mtimeMs);
    } catch {
      // It went away while we looked.
    }
  }
  return latest;
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
