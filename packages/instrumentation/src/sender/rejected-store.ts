import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../spool/make-directory.ts';
import { REJECTED_FOLDER } from '../spool/spool-directory.ts';

/** What the receiver refused takes at most this much disk; the oldest goes first. */
export const MAX_REJECTED_BYTES: number = 64 * 1024 * 1024;

/**
 * Keeps requests that the receiver refused for good: one file each, the bytes as they were posted (uncompressed
 * `ExportTraceServiceRequest`), so that an operator can look at them and post them again.
 */
export class RejectedStore {
  readonly #folder: string;
  #count = 0;

  constructor(spoolDirectory: string) {
    this.#folder = join(spoolDirectory, REJECTED_FOLDER);
  }

  /**
   * @param request - The bytes.
   * @param label - Part of the file's name: when, whose and why.
   * @returns Whether older ones had to go.
   */
  keep(request: Uint8Array, label: string): boolean {
    makeDirectory(this.#folder);
    this.#count += 1;
    const name = `${label}-${String(this.#count).padStart(6, '0')}.otlp`;
    writeFileSync(join(this.#folder, name), request, { mode: 0o600 });
    return this.#shrink();
  }

  #shrink(): boolean {
    // Names begin with the time, so they sort by age.
    const names = readdirSync(this.#folder).toSorted();
    const sizes = names.map((name) => statSync(join(this.#folder, name)).size);
    let total = sizes.reduce((sum, size) => sum + size, 0);
    let removed = 0;
    while (total > MAX_REJECTED_BYTES && removed < names.length - 1) {
      rmSync(join(this.#folder, names[removed] ?? ''), { force: true });
      total -= sizes[removed] ?? 0;
      removed += 1;
    }
    return removed > 0;
  }
}
