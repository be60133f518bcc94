import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { earliestEnd, countSpans } from '../otlp/request-reader.ts';
import { readLosses } from '../spool/loss-file.ts';
import {
  currentProcess,
  isAlive,
  isOfNewerVersion,
  isSame,
  isSealedOtherwise,
  lastChange,
  listFolders,
  REJECTED_FOLDER,
  unknownFolders,
  type ProducerFolder,
} from '../spool/spool-directory.ts';
import { SpoolReader, type SpoolDamage } from '../spool/spool-reader.ts';
import { readSpoolKey, SpoolSeal } from '../spool/spool-seal.ts';
import { listRefusedRequests } from './refused-requests.ts';

/** A spool is read in pieces of this size, and no folder beyond this many bytes. */
const PIECE_BYTES: number = 2 * 1024 * 1024;
export const MAX_INSPECTED_BYTES: number = 1024 * 1024 * 1024;

/**
 * Who writes a folder: a process that runs or has ended, one of another machine or container, of which only the
 * signs of life can be seen, or one of a newer version; or whoever sealed it under a key that is not at hand.
 */
export type WriterState = 'alive' | 'dead' | 'elsewhere' | 'newer' | 'sealed';

/** Spans that a producer numbered and could not keep. */
export interface LostRecords {
  /** Since the process started. */
  readonly total: number;
  /** Of these, what the receiver has not been told. */
  readonly unreported: number;
}

/** What one process has in the spool. */
export interface ProducerInspection {
  /** Name of its folder. */
  readonly folder: string;
  /** `audit.sequence.stream_id` of its spans. */
  readonly streamId: string;
  readonly pid: number;
  readonly state: WriterState;
  /** When the folder was made, in milliseconds since the epoch. */
  readonly since: number;
  /** When anything in it changed last. */
  readonly changed: number;
  readonly segments: number;
  readonly bytes: number;
  /** What has not arrived yet: requests as they were written, and their spans. */
  readonly unsent: { readonly spans: number; readonly bytes: number; readonly oldest: number | undefined };
  /** Places where bytes are no frames; they cost what was there. */
  readonly damaged: number;
  /** Whether its end is the start of a frame: the process was killed while it wrote. Nothing is missing for that. */
  readonly torn: boolean;
  /** Whether the disk refused to give something. */
  readonly unreadable: boolean;
  /** Whether it was too large to be read to its end. */
  readonly truncated: boolean;
  readonly lost: LostRecords;
}

/** What the receiver has refused for good. */
export interface RejectedInspection {
  readonly requests: number;
  readonly bytes: number;
  /** When the newest was refused, in milliseconds since the epoch. */
  readonly newest: number | undefined;
  /** How many with each HTTP status. */
  readonly byStatus: Readonly<Record<string, number>>;
}

/** What lies in a spool directory. */
export interface SpoolInspection {
  readonly directory: string;
  readonly producers: readonly ProducerInspection[];
  readonly rejected: RejectedInspection;
  /** Folders with segments under a name of another version. */
  readonly unknown: readonly string[];
}

/**
 * Finds the spools at a path: there, or one level below it, where each service has its own.
 *
 * @param directory - As `SPANLEDGER_SPOOL_DIR` names it, or the folder above.
 * @returns Their paths; none where nothing was spooled.
 * @throws what the system says where the directory is not there, or may not be read.
 */
export function findSpools(directory: string): string[] {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  if (isSpool(directory)) return [directory];
  return names.map((name) => join(directory, name)).filter((path) => isSpool(path));
}

function isSpool(directory: string): boolean {
  return (
    listFolders(directory).length > 0 ||
    unknownFolders(directory).length > 0 ||
    listNames(directory).includes(REJECTED_FOLDER)
  );
}

/**
 * Looks at a spool directory, from outside its processes and while they run.
 *
 * @param directory - As {@link findSpools} gave it.
 * @param now - Milliseconds since the epoch.
 * @param keyFile - The spool's key, as `SPANLEDGER_SPOOL_KEY_FILE` has it.
 */
export function inspectSpool(directory: string, now: number, keyFile?: string): SpoolInspection {
  const seal = keyFile === undefined ? undefined : openSeal(keyFile);
  const producers = listFolders(directory).map((folder) => inspectFolder(folder, now, seal));
  return {
    directory,
    producers: producers.toSorted((a, b) => a.since - b.since),
    rejected: inspectRejected(directory),
    unknown: unknownFolders(directory).map((path) => basename(path)),
  };
}

/** Without a key that can be read, what is sealed stays so. */
function openSeal(keyFile: string): SpoolSeal | undefined {
  try {
    return new SpoolSeal(readSpoolKey(keyFile));
  } catch {
    return undefined;
  }
}

function inspectFolder(folder: ProducerFolder, now: number, seal: SpoolSeal | undefined): ProducerInspection {
  const { path, writer, streamId } = folder;
  const changed = lastChange(path);
  const known = stateOf(folder, now - changed);
  const isSealed = known !== 'newer' && isSealedOtherwise(path, seal);
  const state = isSealed ? 'sealed' : known;
  const losses = readLosses(path);
  return {
    folder: basename(path),
    streamId,
    pid: writer.pid,
    state,
    since: statSync(path, { throwIfNoEntry: false })?.birthtimeMs ?? changed,
    changed,
    segments: listNames(path).filter((name) => name.endsWith('.segment')).length,
    // What this version cannot read says nothing about damage.
    ...(known === 'newer' || isSealed ? UNREAD : readFrames(path, state === 'dead', seal)),
    lost: {
      total: losses?.total ?? 0,
      unreported: (losses?.unreported ?? []).reduce((sum, { count }) => sum + count, 0),
    },
  };
}

const UNREAD: ReturnType<typeof readFrames> = {
  bytes: 0,
  unsent: { spans: 0, bytes: 0, oldest: undefined },
  damaged: 0,
  torn: false,
  unreadable: false,
  truncated: false,
};

function stateOf({ path, writer }: ProducerFolder, idleMs: number): WriterState {
  const here = currentProcess();
  const alive = isSame(writer, here) || isAlive(writer, here, idleMs);
  if (!alive && isOfNewerVersion(path)) return 'newer';
  if (writer.host !== here.host) return 'elsewhere';
  return alive ? 'alive' : 'dead';
}

/** Reads as the sender of the folder would, and confirms nothing. */
function readFrames(
  path: string,
  isDead: boolean,
  seal: SpoolSeal | undefined,
): Pick<ProducerInspection, 'bytes' | 'damaged' | 'torn' | 'truncated' | 'unreadable' | 'unsent'> {
  let [damaged, torn] = [0, false];
  const onDamage = (damage: SpoolDamage): void => {
    if (damage === 'torn_end') torn = true;
    else damaged += 1;
  };
  const reader = new SpoolReader(path, !isDead, onDamage, seal);
  let [spans, bytes] = [0, 0];
  let oldest: number | undefined;
  for (;;) {
    const batch = bytes > MAX_INSPECTED_BYTES ? undefined : reader.next(PIECE_BYTES);
    if (batch === undefined) break;
    for (const payload of batch.payloads) {
      bytes += payload.length;
      spans += countSpans(payload);
      const ended = earliestEnd(payload);
      if (ended !== undefined) oldest = Math.min(oldest ?? ended, ended);
    }
  }
  return {
    bytes: reader.sizeBytes(),
    unsent: { spans, bytes, oldest },
    damaged,
    torn,
    unreadable: reader.unreadable,
    truncated: bytes > MAX_INSPECTED_BYTES,
  };
}

function inspectRejected(directory: string): RejectedInspection {
  const byStatus: Record<string, number> = {};
  let [requests, bytes] = [0, 0];
  let newest: number | undefined;
  for (const { refused, status, bytes: size } of listRefusedRequests(directory)) {
    requests += 1;
    bytes += size;
    if (status !== undefined) byStatus[status] = (byStatus[status] ?? 0) + 1;
    if (refused !== undefined) newest = Math.max(newest ?? 0, refused);
  }
  return { requests, bytes, newest, byStatus };
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
