import type { EntryFields } from './entry-fields.ts';
import { readEntryFields } from './entry-fields.ts';
import type { LogFiles } from './log-files.ts';
import { ProducerSequences } from './producer-sequences.ts';
import type { SoundBundle } from './sound-bundle.ts';
import { entryBundlePath, scanEntryBundle, TILE_WIDTH } from './tile.ts';
import type { WarningList } from './warnings.ts';

/** The records of a log as they pass: their producers' sequences, and a warning about each that repeats another. */
export class SeenRecords {
  readonly producers: ProducerSequences = new ProducerSequences();
  readonly #files: LogFiles;
  readonly #warnings: WarningList;

  constructor(files: LogFiles, warnings: WarningList) {
    this.#files = files;
    this.#warnings = warnings;
  }

  /** Takes note of an entry. */
  add(index: number, path: string, { recordId, sequence, skipped, gap }: EntryFields): void {
    if (skipped !== undefined) this.producers.addSkipped(skipped);
    if (gap !== undefined) this.producers.addStatement(gap, index);
    if (recordId !== undefined && this.producers.add(recordId, sequence)) this.#warn(index, path, recordId);
  }

  /** Takes note of the entries of a sound bundle. */
  async addBundle(bundle: SoundBundle): Promise<void> {
    const repeats: number[] = [];
    this.producers.addBundle(bundle, (slot) => repeats.push(slot));
    for (const [slot, gap] of bundle.gaps) this.producers.addStatement(gap, bundle.index * TILE_WIDTH + slot);
    if (repeats.length === 0) return;
    const path = entryBundlePath(bundle.index);
    // The bundle says nothing of its records' names, which few warnings need.
    const file = this.#warnings.isFull ? undefined : await this.#files.read(path);
    const entries = file?.kind === 'found' ? scanEntryBundle(file.bytes).entries : [];
    for (const slot of repeats) {
      const fields = this.#warnings.isFull ? undefined : readEntryFields(entries[slot] ?? new Uint8Array(0));
      const recordId = fields?.ok === true ? fields.value.recordId : undefined;
      this.#warn(bundle.index * TILE_WIDTH + slot, path, recordId ?? '');
    }
  }

  #warn(index: number, path: string, recordId: string): void {
    const detail = `Entry ${index}, record ${JSON.stringify(recordId.slice(0, 200))}, repeats an earlier one.`;
    this.#warnings.add('record_duplicated', { index, path }, detail);
  }
}
