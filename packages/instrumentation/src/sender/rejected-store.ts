import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../spool/make-directory.ts';
import { isPlainDirectory } from '../spool/plain-file.ts';
import { REJECTED_FOLDER } from '../spool/spool-directory.ts';
import type { SpoolSeal } from '../spool/spool-seal.ts';

/** What the receiver refused takes at most this much disk; the oldest goes first. */
export const MAX_REJECTED_BYTES: number = 64 * 1024 * 1024;

/** What the name of a file ends with that is sealed like the rest of the spool. */
export const SEALED_ENDING = '.sealed';

/**
 * Keeps requests that the receiver refused for good: one file each, the bytes as they were posted (uncompressed
 * `ExportTraceServiceRequest`), so that an operator can look at them and post them again; sealed where the spool is.
 */
export class RejectedStore {
  readonly #folder: string;
  readonly #seal: SpoolSeal | undefined;
  #count = 0;

  constructor(spoolDirectory: string, seal?: SpoolSeal) {
    this.#seal = seal;
    this.#folder = join(spoolDirectory, REJECTED_FOLDER);
  }

  /**
   * @param request - The bytes.
   * @param label - Part of the file's name: when, whose and why.
   * @returns Whether older ones had to go; undefined where it could not be kept.
   */
  keep(request: Uint8Array, label: string): boolean | undefined {
    this.#count += 1;
    const plain = `${label}-${String(this.#count).padStart(6, '0')}.otlp`;
    const name = this.#seal === undefined ? plain : plain + SEALED_ENDING;
    const bytes = this.#seal?.seal(Buffer.from(name), request) ?? request;
    if (this.#write(name, bytes)) return this.#shrinkTo(MAX_REJECTED_BYTES) > 0;
    // On a full disk the older ones make room for the newest.
    if (this.#shrinkTo(MAX_REJECTED_BYTES / 2) > 0 && this.#write(name, bytes)) return true;
    return undefined;
  }

  #write(name: string, request: Uint8Array): boolean {
    const path = join(this.#folder, name);
    try {
      makeDirectory(this.#folder);
      if (!isPlainDirectory(this.#folder)) return false;
      writeFileSync(path, request, { mode: 0o600, flag: 'wx' });
      return true;
    } catch {
      // A part of it is of no use, and takes room.
      removeFile(path);
      return false;
    }
  }

  /** Removes the oldest, but never the newest; returns how many. */
  #shrinkTo(maxBytes: number): number {
    if (!isPlainDirectory(this.#folder)) return 0;
    // Names begin with the time, so they sort by age. Other processes have theirs here, and shrink as well.
    const names = listNames(this.#folder)
      .filter((name) => name.endsWith('.otlp') || name.endsWith(`.otlp${SEALED_ENDING}`))
      .toSorted();
    const sizes = names.map((name) => fileSize(join(this.#folder, name)));
    let total = sizes.reduce((sum, size) => sum + size, 0);
    let removed = 0;
    while (total > maxBytes && removed < names.length - 1) {
      if (!removeFile(join(this.#folder, names[removed] ?? ''))) break;
      total -= sizes[removed] ?? 0;
      removed += 1;
    }
    return removed;
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function fileSize(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

function removeFile(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
