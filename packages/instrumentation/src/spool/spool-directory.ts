import { createHash } from 'node:crypto';
import {
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FRAME_HEADER_BYTES, isNewerFrame, sealContext } from './frame.ts';
import { isOurs, openPlain } from './plain-file.ts';
import { makeDirectory } from './make-directory.ts';
import { segmentNumber } from './segment-name.ts';
import { SegmentReader } from './segment-reader.ts';
import type { SpoolSeal } from './spool-seal.ts';

/**
 * The folders below the spool directory: one per producer, named after who writes it, so that one atomic rename both
 * takes a dead process's folder over and says who has it now.
 *
 *     <host, 8 hex>-<pid>-<start of the process>-<stream id, 32 hex>/00000001.segment …
 *     <host, 8 hex>-<pid>.<thread>-<start>-<stream id>/                a worker thread's
 *     rejected/                                       what the receiver refused for good
 */

/** The folder of what the receiver refused. */
export const REJECTED_FOLDER = 'rejected';

/** A living process touches its folder this often. */
export const HEARTBEAT_MS = 10_000;

/**
 * Another host's folder is taken over once nothing has touched it for this long: its processes cannot be asked. One that
 * was merely stopped for so long finds its file gone and begins another folder.
 */
export const FOREIGN_HOST_IDLE_MS: number = 6 * HEARTBEAT_MS;

const NAME = /^([0-9a-f]{8})-(\d+)(?:\.(\d+))?-(\d+)-([0-9a-f]{32})$/;

/** Who is running here. */
export interface ProcessIdentity {
  /** Digest of the host's name and its space of process ids: two containers may share the one, not the other. */
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from boot to the process's start, so that a reused pid is not taken for it; 0 where unknown. */
  readonly start: number;
  /** The worker thread; none, or 0, is the main thread. */
  readonly thread?: number | undefined;
}

/**
 * The identity of this process.
 *
 * @param thread - The thread that speaks for it.
 */
export function currentProcess(thread = 0): ProcessIdentity {
  const host = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 8);
  return { host, pid: process.pid, start: startOfProcess(process.pid) ?? 0, thread };
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** The name of the folder that `owner` writes for a stream. */
export function folderName(owner: ProcessIdentity, streamId: string): string {
  const thread = owner.thread === undefined || owner.thread === 0 ? '' : `.${owner.thread}`;
  return `${owner.host}-${owner.pid}${thread}-${owner.start}-${streamId}`;
}

/** Creates a producer's folder, and the spool directory above it. */
export function createFolder(spoolDirectory: string, name: string): string {
  const path = join(spoolDirectory, name);
  makeDirectory(path);
  return path;
}

/** A producer's folder, as its name tells. */
export interface ProducerFolder {
  readonly path: string;
  readonly writer: ProcessIdentity;
  readonly streamId: string;
}

/** All producers' folders below a spool directory, whoever has them. */
export function listFolders(spoolDirectory: string): ProducerFolder[] {
  return listNames(spoolDirectory).flatMap((name) => {
    const [, host = '', pid, thread = '0', start, streamId] = NAME.exec(name) ?? [];
    if (streamId === undefined) return [];
    const writer = { host, pid: Number(pid), start: Number(start), thread: Number(thread) };
    return [{ path: join(spoolDirectory, name), writer, streamId }];
  });
}

/** What {@link adoptFolders} found. */
export interface Adoption {
  /** Folders that are ours now, oldest first. */
  readonly adopted: readonly ProducerFolder[];
  /** How many folders of dead processes were left alone, since a newer version wrote them. */
  readonly newer: number;
  /** How many were left alone, since they are sealed and the key is another one, or there is none. */
  readonly sealed: number;
  /** How many were left alone, since somebody else may have put them there. */
  readonly foreign: number;
}

/**
 * Takes over the folders of processes that are gone. Of two processes that try, one gets each.
 *
 * @param spoolDirectory - The folder above them.
 * @param owner - Who takes them.
 * @param now - Milliseconds since the epoch.
 * @param endedThreads - Threads of this process that are gone.
 * @param seal - Opens what is sealed.
 */
export function adoptFolders(
  spoolDirectory: string,
  owner: ProcessIdentity,
  now: number,
  endedThreads: ReadonlySet<number> = new Set(),
  seal?: SpoolSeal,
): Adoption {
  const adopted: { folder: ProducerFolder; changed: number }[] = [];
  let newer = 0;
  let foreign = 0;
  let sealed = 0;
  for (const { path, writer, streamId } of listFolders(spoolDirectory)) {
    const changed = lastChange(path);
    const runs = isSame(writer, owner)
      ? !endedThreads.has(writer.thread ?? 0)
      : isAlive(writer, owner, now - changed);
    if (runs) continue;
    if (!isOurs(path, spoolDirectory)) {
      foreign += 1;
      continue;
    }
    if (isOfNewerVersion(path)) {
      newer += 1;
      continue;
    }
    if (isSealedOtherwise(path, seal)) {
      sealed += 1;
      continue;
    }
    const target = join(spoolDirectory, folderName(owner, streamId));
    try {
      renameSync(path, target);
      adopted.push({ folder: { path: target, writer: owner, streamId }, changed });
    } catch {
      // Another process was faster, or we may not: whoever has it sends it.
    }
  }
  newer += unknownFolders(spoolDirectory).length;
  const oldestFirst = adopted.toSorted((a, b) => a.changed - b.changed);
  return { adopted: oldestFirst.map(({ folder }) => folder), newer, sealed, foreign };
}

/** Folders that hold segments under a name that this version does not give. */
export function unknownFolders(spoolDirectory: string): string[] {
  return listNames(spoolDirectory)
    .filter((name) => name !== REJECTED_FOLDER && !NAME.test(name))
    .map((name) => join(spoolDirectory, name))
    .filter((path) => listNames(path).some((name) => name.endsWith('.segment')));
}

/** Whether any segment of a folder begins with a frame that this version does not know. */
export function isOfNewerVersion(folder: string): boolean {
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  return listNames(folder)
    .filter((name) => segmentNumber(name) !== undefined)
    .some((name) => {
      try {
        const file = openPlain(join(folder, name));
        try {
          return isNewerFrame(head.subarray(0, readSync(file, head, 0, head.length, 0)));
        } finally {
          closeSync(file);
        }
      } catch {
        return false;
      }
    });
}

/** Whether any segment of a folder begins with a frame that is sealed under another key. */
export function isSealedOtherwise(folder: string, seal: SpoolSeal | undefined): boolean {
  return listNames(folder)
    .filter((name) => segmentNumber(name) !== undefined)
    .some((name) => {
      const reader = new SegmentReader(join(folder, name));
      try {
        reader.refill();
      } catch {
        return false;
      }
      const frame = reader.next();
      if (frame?.sealed !== true) return false;
      return seal?.open(sealContext(frame.kind, frame.numbers), frame.payload) === undefined;
    });
}

/** The bytes of all segments in a folder. */
export function segmentBytes(folder: string): number {
  return listNames(folder)
    .filter((name) => segmentNumber(name) !== undefined)
    .reduce((total, name) => total + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Tells processes on other hosts that this folder's is alive. */
export function touchFolder(folder: string, now: number): void {
  try {
    utimesSync(folder, now / 1_000, now / 1_000);
  } catch {
    // Nothing has been written yet.
  }
}

/** Whether there is any producer's folder: at the start of a process, another's. */
export function hasOtherFolders(spoolDirectory: string): boolean {
  return listNames(spoolDirectory).some((name) => NAME.test(name));
}

/** Whether a thread of this process has left a folder. */
export function hasFolderOfThread(spoolDirectory: string, thread: number): boolean {
  const owner = currentProcess(thread);
  return listFolders(spoolDirectory).some(({ writer }) => isSame(writer, owner) && writer.thread === thread);
}

/** Whether two identities are of one process. */
export function isSame(writer: ProcessIdentity, owner: ProcessIdentity): boolean {
  return writer.host === owner.host && writer.pid === owner.pid && writer.start === owner.start;
}

/**
 * Whether the process that writes a folder still runs.
 *
 * @param writer - Who it was.
 * @param owner - Who asks.
 * @param idleMs - How long nothing has changed in the folder.
 */
export function isAlive(writer: ProcessIdentity, owner: ProcessIdentity, idleMs: number): boolean {
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

/** When anything in a folder changed last, in milliseconds since the epoch. */
export function lastChange(folder: string): number {
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
