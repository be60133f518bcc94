import type { SkippedNumbers } from '@spanledger/record/canonical-json';
import { isEventId, type BundleSequences } from './bundle-sequences.ts';
import { explainGaps, type ExplainedGap, type PlacedStatement } from './explained-gaps.ts';
import type { GapStatement } from './gap-statement.ts';
import { MAX_STREAM_NAME_LENGTH } from './stream-names.ts';
import { TILE_WIDTH } from './tile.ts';

/** The most producers that are followed; each start of an application process is one. */
export const MAX_PRODUCERS = 20_000;

/** The most separate runs of numbers that are kept of one producer. */
export const MAX_RUNS_PER_PRODUCER = 1_000;

/** The most statements about missing numbers that are kept of one producer, and of all together; the first ones. */
export const MAX_STATEMENTS_PER_PRODUCER = 1_000;
const MAX_STATEMENTS = 100_000;

/** The most separate runs of numbers that are kept of all producers together: some 40 MB. */
const MAX_RUNS = 500_000;

/** The longest id of a record, in UTF-16 code units, that is kept; ours have 84. */
const MAX_ID_LENGTH = 256;

/** The most record ids without a sequence that are remembered, newest kept, to notice duplicates. */
const MAX_REMEMBERED_IDS = 65_536;

/** What the log holds of one producer, that is of one start of an application process. */
export interface ProducerReport {
  /** `audit.sequence.stream_id`. */
  streamId: string;
  /** How many different numbers the log holds, or says were left out. */
  count: number;
  /** How many of them the log says were left out by the audit policy (`policy.skipped`) and holds no record of. */
  skipped: number;
  /** The smallest number. */
  first: number;
  /** The largest number. */
  last: number;
  /** Holes: numbers from 1 to `last` that the log does not hold, as [from, to], both included. */
  missing: [from: number, to: number][];
  /** What of `missing` a record in the log accounts for. */
  explained: ExplainedGap[];
  /** The rest of `missing`: no record in the log says anything about it. */
  unexplained: [from: number, to: number][];
  /** How many numbers came again in another record of a span. */
  duplicates: number;
  /** False if there were too many holes to keep apart: `missing` and `count` are then approximations. */
  exact: boolean;
}

/** What a {@link ProducerSequences} knows, to be taken up again. */
export interface SequencesState {
  producers: {
    streamId: string;
    duplicates: number;
    skipped: number;
    exact: boolean;
    runs: [from: number, to: number][];
  }[];
  recentIds: string[];
  untracked: number;
  statements: (PlacedStatement & { streamId: string })[];
}

interface Producer {
  /** Runs of numbers seen, ascending, neither touching nor overlapping. */
  runs: { from: number; to: number }[];
  duplicates: number;
  skipped: number;
  exact: boolean;
}

/**
 * Follows the numbers that producers give their spans, and finds what is missing and what came twice. A span and
 * the lifecycle events on it share a number: an event (its record id ends in `-e<n>`) is never a duplicate.
 */
export class ProducerSequences {
  readonly #producers = new Map<string, Producer>();
  /** The producers of the names that bundles have in common, where they were looked for; null if not followed. */
  readonly #named = new WeakMap<readonly string[], (Producer | null | undefined)[]>();
  readonly #recentIds = new Set<string>();
  /** What records say about the missing numbers of each producer. */
  readonly #statements = new Map<string, PlacedStatement[]>();
  #statementCount = 0;
  #untracked = 0;
  #runs = 0;

  /** How many records were of producers past the {@link MAX_PRODUCERS}th, or with absurd names, and are not followed. */
  get untracked(): number {
    return this.#untracked;
  }

  /**
   * Takes note of a record.
   *
   * @param id `audit.record.id`
   * @param sequence `audit.sequence`; absent where the producer does not number
   * @returns whether the record had been seen before: the same number as another span, or, of those without a
   *   number, the same id as one of the last 65,536
   */
  add(id: string, sequence?: { streamId: string; number: number }): boolean {
    if (sequence === undefined || !Number.isSafeInteger(sequence.number) || sequence.number < 1) {
      return this.#addId(id);
    }
    const producer = this.#producer(sequence.streamId);
    if (producer !== undefined) return this.#addRecord(producer, sequence.number, isEventId(id));
    this.#untracked += 1;
    return false;
  }

  /** Takes note of numbers that a record says were left out: they are no holes. */
  addSkipped({ streamId, bounds }: SkippedNumbers): void {
    const producer = this.#producer(streamId);
    if (producer === undefined) return;
    for (let at = 0; at < bounds.length; at += 2) {
      const before = producer.runs.length;
      producer.skipped += addRun(producer, bounds[at] ?? 0, bounds[at + 1] ?? 0);
      this.#runs += producer.runs.length - before;
      if (this.#runs > MAX_RUNS && forgetOldestHole(producer)) this.#runs -= 1;
    }
  }

  /**
   * Takes note of the records of a bundle, as {@link add} of each in turn would.
   *
   * @param onRepeat is told the place in the bundle of each record that had been seen before
   */
  addBundle(
    { streams, streamOf, numbers, isEvent, ids, skipped }: BundleSequences,
    onRepeat: (slot: number) => void,
  ): void {
    const producers = this.#producersOf(streams);
    let nextId = 0;
    for (let slot = 0; slot < TILE_WIDTH; slot++) {
      const number = numbers[slot] ?? 0;
      const [idSlot, id] = ids[nextId] ?? [];
      if (number > 0) {
        const stream = streamOf[slot] ?? 0;
        let producer = producers[stream];
        if (producer === undefined) {
          const name = streams[stream];
          producer = (name === undefined ? undefined : this.#producer(name)) ?? null;
          // One that is not followed now will never be.
          if (name !== undefined) producers[stream] = producer;
        }
        if (producer === null) this.#untracked += 1;
        else if (this.#addRecord(producer, number, isEvent[slot] === 1)) onRepeat(slot);
      } else if (idSlot === slot && id !== undefined) {
        nextId += 1;
        if (this.#addId(id)) onRepeat(slot);
      }
    }
    for (const each of skipped) this.addSkipped(each);
  }

  /**
   * Takes note of what a record says about missing numbers, before or after the numbers around them.
   *
   * @param index - ledger index of the record
   */
  addStatement({ streamId, ...statement }: GapStatement, index: number): void {
    if (this.#statementCount >= MAX_STATEMENTS || streamId.length > MAX_STREAM_NAME_LENGTH) return;
    const statements = this.#statements.get(streamId) ?? [];
    if (statements.length >= MAX_STATEMENTS_PER_PRODUCER) return;
    this.#statements.set(streamId, statements);
    statements.push({ ...statement, index });
    this.#statementCount += 1;
  }

  /**
   * What is known of each producer, in the order in which they appeared.
   *
   * @param isPruned the first entries of the log are not there: nobody knows of a producer's numbers before its first
   */
  reports(isPruned = false): ProducerReport[] {
    return [...this.#producers].map(([streamId, { runs, duplicates, skipped, exact }]) => {
      const missing: [number, number][] = [];
      let next = isPruned ? (runs[0]?.from ?? 1) : 1;
      let count = 0;
      for (const { from, to } of runs) {
        if (from > next) missing.push([next, from - 1]);
        next = to + 1;
        count += to - from + 1;
      }
      const gaps = explainGaps(missing, this.#statements.get(streamId) ?? []);
      return {
        streamId,
        count,
        skipped,
        first: runs[0]?.from ?? 0,
        last: next - 1,
        missing,
        ...gaps,
        duplicates,
        exact,
      };
    });
  }

  /** What is known, to be taken up by {@link restore}. */
  save(): SequencesState {
    return {
      producers: [...this.#producers].map(([streamId, { runs, ...rest }]) => ({
        streamId,
        ...rest,
        runs: runs.map(({ from, to }) => [from, to]),
      })),
      recentIds: [...this.#recentIds],
      untracked: this.#untracked,
      statements: [...this.#statements].flatMap(([streamId, of]) =>
        of.map((each) => ({ ...each, streamId })),
      ),
    };
  }

  /** Takes up what was known; to be called before anything is added. */
  restore({ producers, recentIds, untracked, statements }: SequencesState): void {
    for (const { index, ...statement } of statements) this.addStatement(statement, index);
    for (const { streamId, runs, ...rest } of producers) {
      this.#producers.set(streamId, { ...rest, runs: runs.map(([from, to]) => ({ from, to })) });
      this.#runs += runs.length;
    }
    for (const id of recentIds) this.#recentIds.add(id);
    this.#untracked = untracked;
  }

  #producersOf(streams: readonly string[]): (Producer | null | undefined)[] {
    let producers = this.#named.get(streams);
    if (producers === undefined) this.#named.set(streams, (producers = []));
    return producers;
  }

  /** A producer that is followed; undefined if there are too many. */
  #producer(streamId: string): Producer | undefined {
    let producer = this.#producers.get(streamId);
    if (producer !== undefined) return producer;
    if (this.#producers.size >= MAX_PRODUCERS || streamId.length > MAX_STREAM_NAME_LENGTH) return undefined;
    producer = { runs: [], duplicates: 0, skipped: 0, exact: true };
    this.#producers.set(streamId, producer);
    return producer;
  }

  /** Adds a record to its producer's numbers; true if the number was there and the record is no event on its span. */
  #addRecord(producer: Producer, number: number, isEvent: boolean): boolean {
    const before = producer.runs.length;
    const isNew = addNumber(producer, number);
    this.#runs += producer.runs.length - before;
    if (this.#runs > MAX_RUNS && forgetOldestHole(producer)) this.#runs -= 1;
    if (isNew || isEvent) return false;
    producer.duplicates += 1;
    return true;
  }

  #addId(id: string): boolean {
    if (id.length > MAX_ID_LENGTH) return false;
    if (this.#recentIds.has(id)) return true;
    this.#recentIds.add(id);
    for (const oldest of this.#recentIds) {
      if (this.#recentIds.size <= MAX_REMEMBERED_IDS) break;
      this.#recentIds.delete(oldest);
    }
    return false;
  }
}

/** Adds a number to a producer's runs; false if it was there. */
function addNumber(producer: Producer, number: number): boolean {
  const { runs } = producer;
  // Numbers come nearly in order, so the run is nearly always the last one.
  let at = runs.length;
  for (let run = runs[at - 1]; run !== undefined && run.from > number; run = runs[at - 1]) at -= 1;
  const before = runs[at - 1];
  const after = runs[at];
  if (before !== undefined && before.to >= number) return false;
  const touchesBefore = before !== undefined && before.to === number - 1;
  const touchesAfter = after !== undefined && after.from === number + 1;
  if (touchesBefore && touchesAfter) {
    before.to = after.to;
    runs.splice(at, 1);
  } else if (touchesBefore) {
    before.to = number;
  } else if (touchesAfter) {
    after.from = number;
  } else {
    runs.splice(at, 0, { from: number, to: number });
    if (runs.length > MAX_RUNS_PER_PRODUCER) forgetOldestHole(producer);
  }
  return true;
}

/** Adds the numbers of a run; how many of them were not there. */
function addRun(producer: Producer, from: number, to: number): number {
  const { runs } = producer;
  let start = runs.length;
  for (let run = runs[start - 1]; run !== undefined && run.to >= from - 1; run = runs[start - 1]) start -= 1;
  let end = start;
  let known = 0;
  const joined = { from, to };
  for (let run = runs[end]; run !== undefined && run.from <= to + 1; run = runs[++end]) {
    known += Math.max(0, Math.min(run.to, to) - Math.max(run.from, from) + 1);
    joined.from = Math.min(joined.from, run.from);
    joined.to = Math.max(joined.to, run.to);
  }
  runs.splice(start, end - start, joined);
  if (runs.length > MAX_RUNS_PER_PRODUCER) forgetOldestHole(producer);
  return to - from + 1 - known;
}

function forgetOldestHole(producer: Producer): boolean {
  const [first, second] = producer.runs;
  if (first === undefined || second === undefined) return false;
  first.to = second.to;
  producer.runs.splice(1, 1);
  producer.exact = false;
  return true;
}
