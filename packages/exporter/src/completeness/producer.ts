import { explainGaps } from '@spanledger/ledger/verify';

import type { EvidenceRecord } from '../derived-draft.ts';
import { IntervalSet } from '../interval-set.ts';
import type { LossStatement, ProducerStatement, SequenceFacts } from './sequence-facts.ts';

/** Separate ranges of one producer's numbers that are kept; beyond, its lowest hole is taken for filled. */
export const MAX_RANGES_PER_PRODUCER = 4096;

/** Statements about one producer's missing numbers that are kept; the first ones. */
export const MAX_STATEMENTS_PER_PRODUCER = 1000;

/** A record that accounts for missing numbers. */
export interface Explanation {
  kind: 'lost' | 'noticed';
  first: number;
  last: number;
  count: number;
  reason?: string;
  /** Of the record. */
  index: number;
  id: string;
}

/** A hole, and the record that accounts for it, if one does. */
export interface Hole {
  from: number;
  to: number;
  explained?: { by: Explanation['kind']; reason?: string; index: number };
}

/** What is known of a producer, that is of one start of a process. Everything follows from the records of the log. */
export interface Producer {
  streamId: string;
  service: string;
  instance: string;
  numbers: IntervalSet;
  /** True once a hole was taken for filled: what is said about low numbers is not certain any more. */
  isInexact: boolean;
  duplicates: number;
  /** Number of the last terminal marker; 0 without one. */
  endedAt: number;
  /** The largest number when it was found silent; 0 while it is heard. */
  silentAt: number;
  /** A later process of the same service took its place. */
  isSucceeded: boolean;
  /** Ledger index of its first and of its last record. */
  firstIndex: number;
  lastIndex: number;
  /** `audit.record.id` of its last record. */
  lastId: string;
  explanations: Explanation[];
}

/** What a record brought to light about its producer. */
export type Finding =
  | { kind: 'gap_closed'; gap: Explanation }
  | { kind: 'duplicate'; number: number; count: number }
  | { kind: 'resumed'; silentAt: number };

/** A producer of which the first record has just come. */
export function newProducer({ streamId = '', service, instance, index, id }: SequenceFacts): Producer {
  return {
    streamId,
    service,
    instance,
    numbers: new IntervalSet(),
    isInexact: false,
    duplicates: 0,
    endedAt: 0,
    silentAt: 0,
    isSucceeded: false,
    firstIndex: index,
    lastIndex: index,
    lastId: id,
    explanations: [],
  };
}

/** True once its last number is that of a terminal marker. */
export function hasEnded({ endedAt, numbers }: Producer): boolean {
  return endedAt > 0 && endedAt === numbers.highest;
}

/** Takes a record of the producer in. */
export function takeNumber(producer: Producer, facts: SequenceFacts, number: number): Finding[] {
  const findings: Finding[] = [];
  const { numbers } = producer;
  const isNew = numbers.add(number);
  producer.lastIndex = facts.index;
  producer.lastId = facts.id;
  // What a producer lost it may report under the name of nobody: the process that takes its folder over has no more.
  if (producer.service === '') producer.service = facts.service;
  if (facts.isEnd) producer.endedAt = Math.max(producer.endedAt, number);
  if (facts.lost !== undefined) explain(producer, 'lost', facts.lost, facts);
  boundRanges(producer);
  if (isNew) {
    findings.push(...closeGaps(producer, number));
    if (producer.silentAt > 0) {
      findings.push({ kind: 'resumed', silentAt: producer.silentAt });
      producer.silentAt = 0;
    }
  } else if (!facts.isEvent) {
    producer.duplicates++;
    // Each doubles the count, so that one who repeats everything does not double the log.
    if (isPowerOfTwo(producer.duplicates)) {
      findings.push({ kind: 'duplicate', number, count: producer.duplicates });
    }
  }
  return findings;
}

/** Takes in that numbers of the producer were left out on purpose. */
export function takeSkipped(producer: Producer, bounds: readonly number[]): Finding[] {
  for (let at = 0; at < bounds.length; at += 2) {
    producer.numbers.addRange(bounds[at] ?? 0, bounds[at + 1] ?? 0);
  }
  boundRanges(producer);
  return closeGaps(producer);
}

function boundRanges(producer: Producer): void {
  while (producer.numbers.ranges > MAX_RANGES_PER_PRODUCER) {
    producer.numbers.fillLowestHole();
    producer.isInexact = true;
  }
}

/** Takes in what the service said of the producer; much may have arrived since. */
export function takeStatement(
  producer: Producer,
  { action, ...range }: ProducerStatement,
  record: EvidenceRecord,
): Finding[] {
  if (action === 'gap') {
    explain(producer, 'noticed', { ...range }, record);
    return closeGaps(producer);
  }
  if (hasEnded(producer)) return [];
  if (producer.numbers.highest > range.last) return [{ kind: 'resumed', silentAt: range.last }];
  producer.silentAt = range.last;
  return [];
}

/** The producer's holes, each with what accounts for it. */
export function holesOf({ numbers, explanations }: Producer): Hole[] {
  const { explained, unexplained } = explainGaps(numbers.holes(), explanations);
  return [
    ...explained.map(({ from, to, by, reason, index }): Hole => {
      return { from, to, explained: { by, ...(reason !== undefined && { reason }), index } };
    }),
    ...unexplained.map(([from, to]): Hole => ({ from, to })),
  ].toSorted((a, b) => a.from - b.from);
}

function explain(
  { explanations }: Producer,
  kind: Explanation['kind'],
  { first, last, count, reason }: Omit<LossStatement, 'reason'> & { reason?: string },
  { index, id }: EvidenceRecord,
): void {
  if (explanations.length >= MAX_STATEMENTS_PER_PRODUCER || explanations.some((known) => known.id === id))
    return;
  explanations.push({ kind, first, last, count, ...(reason !== undefined && { reason }), index, id });
}

/** Takes out the gaps of which nothing is missing any more: those around a number that has come, or all. */
function closeGaps(producer: Producer, number?: number): Finding[] {
  const { explanations, numbers } = producer;
  const isClosed = ({ kind, first, last }: Explanation): boolean =>
    kind === 'noticed' &&
    (number === undefined || (first <= number && number <= last)) &&
    numbers.hasAll(first, last);
  const closed = explanations.filter(isClosed);
  if (closed.length > 0) producer.explanations = explanations.filter((each) => !closed.includes(each));
  return closed.map((gap) => ({ kind: 'gap_closed', gap }));
}

function isPowerOfTwo(number: number): boolean {
  return number > 0 && Number.isInteger(Math.log2(number));
}
