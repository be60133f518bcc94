import { closeSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SEALED_ENDING } from '../sender/rejected-store.ts';
import { openPlain } from '../spool/plain-file.ts';
import { REJECTED_FOLDER } from '../spool/spool-directory.ts';
import { readSpoolKey, SpoolSeal } from '../spool/spool-seal.ts';

/** The most refused requests of a spool that are looked at. */
export const MAX_INSPECTED_REJECTED = 100_000;

const REJECTED_NAME = /^(\d+)-http-(\d{3})-/;

/** A request that the receiver has refused for good, as it lies in the spool. */
export interface RefusedRequest {
  readonly path: string;
  /** When it was refused, in milliseconds since the epoch; undefined where the name does not say. */
  readonly refused: number | undefined;
  /** What the receiver answered. */
  readonly status: number | undefined;
  readonly bytes: number;
  readonly sealed: boolean;
}

/** What opening one came to: its bytes as they were posted, or why they cannot be had. */
export type OpenedRequest =
  | { readonly outcome: 'opened'; readonly request: Buffer }
  /** It is sealed, and no key was given. */
  | { readonly outcome: 'key_missing' }
  /** The file of the key cannot be read, or holds none. */
  | { readonly outcome: 'key_unusable'; readonly cause: Error }
  /** The key does not open it: it is another one, or a byte or the name of the file was changed. Nothing tells which. */
  | { readonly outcome: 'sealed_otherwise' };

/**
 * Lists what the receiver has refused of a spool, the oldest first.
 *
 * @param directory - As `findSpools` gave it.
 */
export function listRefusedRequests(directory: string): RefusedRequest[] {
  const folder = join(directory, REJECTED_FOLDER);
  return listNames(folder)
    .toSorted()
    .slice(0, MAX_INSPECTED_REJECTED)
    .map((name) => {
      const path = join(folder, name);
      const [, refused, status] = REJECTED_NAME.exec(name) ?? [];
      return {
        path,
        refused: refused === undefined ? undefined : Number(refused),
        status: status === undefined ? undefined : Number(status),
        bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
        sealed: name.endsWith(SEALED_ENDING),
      };
    });
}

/**
 * Opens a refused request, wherever its file lies by now; its name must be the one that it was given.
 *
 * @param path - The file.
 * @param keyFile - The spool's key, as `SPANLEDGER_SPOOL_KEY_FILE` has it; of use only where it is sealed.
 * @throws what the system says where the file cannot be read, or is no ordinary one.
 */
export function openRefusedRequest(path: string, keyFile: string | undefined): OpenedRequest {
  const bytes = readWhole(path);
  const name = basename(path);
  if (!name.endsWith(SEALED_ENDING)) return { outcome: 'opened', request: bytes };
  if (keyFile === undefined) return { outcome: 'key_missing' };
  const seal = openSeal(keyFile);
  if (seal instanceof Error) return { outcome: 'key_unusable', cause: seal };
  const request = seal.open(Buffer.from(name), bytes);
  return request === undefined ? { outcome: 'sealed_otherwise' } : { outcome: 'opened', request };
}

function openSeal(keyFile: string): SpoolSeal | Error {
  try {
    return new SpoolSeal(readSpoolKey(keyFile));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function readWhole(path: string): Buffer {
  const file = openPlain(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
