import { join } from 'node:path';
import type { RecordDraft } from '@spanledger/record';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';
import { Erasures, Holds, SealedRows } from '../../../../packages/exporter/src/subjects/index.ts';

export const OFFICER = { name: 'token:officer', role: 'privacy-officer' };
export const ADMINISTRATOR = { name: 'token:admin', role: 'administrator' };

const KEY = new Uint8Array(32).fill(7);
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Erasures and holds on a database of their own, with everything around them in memory. */
export class DeskParts {
  readonly records: RecordDraft[] = [];
  readonly destroyed: Set<string> = new Set();
  readonly erased: string[] = [];
  /** Whether a query matches records of a reference. */
  matches: (query: string, reference: string) => boolean = () => false;
  /** Called before the key of a reference is destroyed. */
  onDestroy: (reference: string) => Promise<void> | void = () => undefined;
  /** Called when what a reference is called is gathered. */
  onGather: (reference: string) => Promise<void> | void = () => undefined;
  isAppendable = true;
  readonly rows: SealedRows;
  readonly holds: Holds;
  readonly erasures: Erasures;

  constructor(directory: string, fourEyes = false) {
    this.rows = new SealedRows(join(directory, 'privacy.db'), createRowSealer(KEY, 'privacy'));
    const append = async (draft: RecordDraft): Promise<void> => {
      if (!this.isAppendable) throw new Error('the disk is full');
      this.records.push(draft);
    };
    let clock = Date.parse('2026-11-22T10:00:00Z');
    const now = (): number => (clock += 1000);
    this.holds = new Holds({
      rows: this.rows,
      matches: (query, reference) => Promise.resolve(this.matches(query, reference)),
      append,
      now,
    });
    this.erasures = new Erasures({
      rows: this.rows,
      holds: this.holds,
      fourEyes,
      gather: async (reference) => {
        await this.onGather(reference);
        return { names: [`name of ${reference}`], addresses: [] };
      },
      isDestroyed: (reference) => this.destroyed.has(reference),
      destroyKey: async (reference) => {
        await this.onDestroy(reference);
        this.destroyed.add(reference);
      },
      erase: async ({ reference }) => {
        this.erased.push(reference);
        return { before: 7, counts: { records: 3, companions: 0, mentions: 0, sessions: 1 } };
      },
      append,
      isRecorded: (id) => Promise.resolve(this.records.some((draft) => draft.id === id)),
      log: silent,
      now,
    });
  }

  /** `event.action` of everything that was recorded, in order. */
  get actions(): unknown[] {
    return this.records.map(({ clear }) => JSON.parse(JSON.stringify(clear['event'])).action);
  }

  async close(): Promise<void> {
    await this.erasures.stop();
    this.rows.close();
  }
}
