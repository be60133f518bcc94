import { hash } from 'node:crypto';

import { judge, type HoldOf, type Verdict } from './purge-plan.ts';
import { purgeRecord } from './purge-record.ts';
import type { RetentionKeeper } from './retention-keeper.ts';

/** Chunks that one step purges: so many that most boxes of the vault go as a whole, and none is sealed anew each time. */
const CHUNKS_PER_STEP = 128;

/** Chunks that a dry run looks at before others have their turn. */
const CHUNKS_PER_TURN = 64;

/** A legal hold that is in force. */
export interface HoldInForce {
  id: string;
  /** In the query language. */
  query: string;
}

/** What a dry run, or the purge itself, says of a class. */
export interface ClassForecast {
  class: string;
  /** Milliseconds; null: for ever. */
  keep_ms: number | null;
  /** Records whose period is over, and that no hold keeps. */
  due: number;
  /** Ledger index of the first and of the last of them; absent where there are none. */
  first_index?: number | undefined;
  last_index?: number | undefined;
  /** Records whose period is over, and that a hold keeps. */
  held: number;
}

/** What would be purged at a moment. */
export interface RetentionPlan {
  classes: ClassForecast[];
  /** Holds that keep records whose period is over, and how many. */
  holds: { id: string; records: number }[];
}

/** What a purge works on. */
export interface PurgerOptions {
  keeper: RetentionKeeper;
  /** Runs something while the keeper takes nothing in. */
  alone: (run: () => Promise<void>) => Promise<void>;
  /** Which holds cover records, by ledger index; records whose hold is not told are not held. */
  findHeld: (indexes: readonly number[], holds: readonly HoldInForce[]) => Promise<Map<number, string>>;
  /** The ledger index up to which records are wherever they have to be taken from. */
  settledTo: () => number;
  /**
   * Where records are taken from, in this order; each can be done again, and when it resolves nothing of them is found
   * there any more.
   */
  places: readonly ((indexes: readonly number[]) => Promise<void>)[];
}

/**
 * Purges records whose period is over. What is purged is marked first, then taken from one place after the other; the
 * mark goes only when all is done, so that whatever ends the process meanwhile, the next step goes on with it.
 */
export class Purger {
  readonly #options: PurgerOptions;

  constructor(options: PurgerOptions) {
    this.#options = options;
  }

  /** What is known of the records. */
  get keeper(): RetentionKeeper {
    return this.#options.keeper;
  }

  /** What would be purged. Nothing is. */
  async plan(
    nowMs: number,
    holds: readonly HoldInForce[],
    giveWay: () => Promise<void>,
  ): Promise<RetentionPlan> {
    const { keeper } = this.#options;
    const { classes } = keeper.config;
    const forecasts = classes.map(({ name, keepMs }): ClassForecast => ({
      class: name,
      keep_ms: Number.isFinite(keepMs) ? keepMs : null,
      due: 0,
      held: 0,
    }));
    const byHold = new Map<string, number>();
    for (const [i, number] of keeper.table.dueOrHeld(nowMs).entries()) {
      const { purge, held } = await this.#judge(number, nowMs, holds);
      for (const { index, classAt } of purge) {
        const forecast = forecasts[classAt];
        if (forecast === undefined) continue;
        forecast.due++;
        forecast.first_index ??= index;
        forecast.last_index = index;
      }
      for (const { classAt, hold } of held) {
        const forecast = forecasts[classAt];
        if (forecast !== undefined) forecast.held++;
        byHold.set(hold, (byHold.get(hold) ?? 0) + 1);
      }
      if (i % CHUNKS_PER_TURN === 0) await giveWay();
    }
    return {
      classes: forecasts,
      holds: [...byHold].map(([id, records]) => ({ id, records })),
    };
  }

  /**
   * Purges some of what is due.
   *
   * @returns how many records; 0: nothing more is due that can be purged now
   */
  async step(nowMs: number, holds: readonly HoldInForce[]): Promise<number> {
    const { keeper, alone } = this.#options;
    const { table } = keeper;
    await this.#finish();
    // What was decided on is done; by a clock that is not believed nothing more is.
    if (keeper.clockLeadMs(nowMs) > 0) return 0;
    let count = 0;
    await alone(async () => {
      this.#noteHolds(holds);
      const judged: { number: number; verdict: Verdict }[] = [];
      for (const number of table.due(nowMs, CHUNKS_PER_STEP)) {
        judged.push({ number, verdict: await this.#judge(number, nowMs, holds) });
      }
      keeper.transact(() => {
        for (const { number, verdict } of judged) count += this.#mark(number, verdict);
      });
    });
    await this.#finish();
    return count;
  }

  /** Has what was purged since the last time recorded, each class on its own. @returns of how many classes */
  async close(nowMs: number): Promise<number> {
    const { keeper, alone } = this.#options;
    let records = 0;
    await alone(async () => {
      keeper.transact(() => {
        for (const purged of keeper.table.takeTally()) {
          keeper.outbox.put(purgeRecord(purged, nowMs, nowMs));
          records++;
        }
      });
    });
    return records;
  }

  /** Takes away what is marked. */
  async #finish(): Promise<void> {
    const { keeper, places, alone } = this.#options;
    const indexes = keeper.table.underWay();
    if (indexes.length === 0) return;
    for (const remove of places) await remove(indexes);
    await alone(async () => {
      keeper.transact(() => {
        keeper.table.finish();
      });
    });
  }

  async #judge(number: number, nowMs: number, holds: readonly HoldInForce[]): Promise<Verdict> {
    const { keeper, findHeld, settledTo } = this.#options;
    const end = settledTo();
    const entries = [...keeper.table.read(number).entries()];
    const { classes } = keeper.config;
    const settled = entries.filter(({ index }) => index < end);
    const nobody: HoldOf = () => undefined;
    const due = judge(settled, classes, nobody, nowMs).purge.map(({ index }) => index);
    const held = holds.length === 0 || due.length === 0 ? undefined : await findHeld(due, holds);
    const verdict = judge(settled, classes, (index) => held?.get(index), nowMs);
    // What is too new to be taken from everywhere is looked at with the next step.
    if (settled.length < entries.length) verdict.nextDueMs = nowMs;
    return verdict;
  }

  #mark(number: number, { purge, held, nextDueMs }: Verdict): number {
    const { table, config } = this.#options.keeper;
    const chunk = table.read(number);
    for (const { index } of purge) chunk.purge(index);
    for (const [classAt, entries] of Map.groupBy(purge, (one) => one.classAt)) {
      const indexes = entries.map(({ index }) => index);
      table.count(config.classes[classAt]?.name ?? '', indexes);
    }
    table.begin(purge.map(({ index }) => index));
    table.write(chunk, nextDueMs, held.length);
    return purge.length;
  }

  /** What was held before is looked at again once the holds are others. */
  #noteHolds(holds: readonly HoldInForce[]): void {
    const { keeper } = this.#options;
    const { table } = keeper;
    const digest = hash('sha256', JSON.stringify(holds.map(({ id }) => id).toSorted()), 'hex');
    if (table.setting('holds') === digest) return;
    keeper.transact(() => {
      table.recheckHeld();
      table.set('holds', digest);
    });
  }
}
