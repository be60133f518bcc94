import { isJsonObject, type RecordDraft } from '@spanledger/record';
import type { SkippedSpan } from '../intake-policy.ts';
import { policySkippedRecords, type SkippedGroup } from './policy-records.ts';

/** What was left out within one window of time, by rule, policy, service and producer. */
export class SkipWindow {
  readonly #groups: Map<string, SkippedGroup> = new Map();
  #count = 0;

  /** How many spans were left out. */
  get count(): number {
    return this.#count;
  }

  /** All groups, in the order of their names. */
  get groups(): SkippedGroup[] {
    return [...this.#groups.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  }

  add(span: SkippedSpan): void {
    const { rule, sha256, service, producer, timestamp } = span;
    const streamId = producer?.streamId;
    const key = JSON.stringify([rule, sha256, service, streamId ?? null]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { rule, sha256, service, streamId, count: 0, first: timestamp, last: timestamp, numbers: [] };
      this.#groups.set(key, group);
    }
    group.count += 1;
    if (timestamp < group.first) group.first = timestamp;
    if (timestamp > group.last) group.last = timestamp;
    if (producer !== undefined) group.numbers.push(producer.number);
    this.#count += 1;
  }

  /**
   * The records of the window. The same window has the same records.
   *
   * @param name - of the window, in each record's id
   */
  records(name: string): RecordDraft[] {
    return this.groups.flatMap((group, at) =>
      policySkippedRecords(`policy-skipped-${name}-${at + 1}`, group),
    );
  }
}

/** Reads a span that was written as JSON; undefined for anything else. */
export function readSkippedSpan(value: unknown): SkippedSpan | undefined {
  if (!isJsonObject(value)) return undefined;
  const { id, rule, sha256, service, timestamp, producer } = value;
  if (typeof id !== 'string' || typeof rule !== 'string' || typeof sha256 !== 'string') return undefined;
  if (typeof service !== 'string' || typeof timestamp !== 'string') return undefined;
  const span = { id, rule, sha256, service, timestamp };
  if (!isJsonObject(producer)) return span;
  const { streamId, number } = producer;
  return typeof streamId === 'string' && typeof number === 'number'
    ? { ...span, producer: { streamId, number } }
    : undefined;
}
