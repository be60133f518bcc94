import type { EvidenceRecord } from '../derived-draft.ts';
import type { FollowedRecord } from '../followed-records.ts';
import type { Outbox } from '../outbox/index.ts';
import { timestampOf } from '../timestamp.ts';
import type { AbsenceWatch } from './absence-watch.ts';
import type { ParticipationTable } from './participation-table.ts';
import { type Finding, hasEnded, type Hole, holesOf, newProducer, type Producer } from './producer.ts';
import { takeNumber, takeSkipped, takeStatement } from './producer.ts';
import { type ProducerEvent, producerRecord } from './producer-records.ts';
import type { ProducerTable } from './producer-table.ts';
import { type SequenceFacts, sequenceFacts } from './sequence-facts.ts';

/** Producers that are remembered; the one that was heard longest ago is forgotten. */
export const MAX_PRODUCERS = 65_536;

/** Producers whose holes are watched at a time; when a record accounts for these, others follow. */
const MAX_WATCHED_PRODUCERS = 256;

/** Overdue holes of one producer that get a record each; more share one. */
export const MAX_GAPS_AT_A_TIME = 16;

/** Earlier processes of a service that are looked at for the one whose place is taken. */
const MAX_PREDECESSORS = 32;

/** What follows sequences works with. */
export interface SequenceFollowerParts {
  producers: ProducerTable;
  participations: ParticipationTable;
  outbox: Pick<Outbox, 'put' | 'seen'>;
  watch: AbsenceWatch;
  /** {@link MAX_PRODUCERS} unless a test says otherwise. */
  maxProducers?: number;
}

/** Follows the sequences of all producers: every change of state comes of a record of the log, and of nothing else. */
export class SequenceFollower {
  readonly #parts: SequenceFollowerParts;
  readonly #maxProducers: number;
  /** Those of the batch under way. */
  readonly #loaded: Map<string, Producer> = new Map();
  #count: number;

  constructor(parts: SequenceFollowerParts) {
    this.#parts = parts;
    this.#maxProducers = parts.maxProducers ?? MAX_PRODUCERS;
    this.#count = parts.producers.count;
  }

  /** Within a transaction: takes records in, in the order of the log. */
  take(records: readonly FollowedRecord[]): void {
    const { outbox, participations } = this.#parts;
    // Of a batch that failed there may be something left.
    this.#loaded.clear();
    participations.discard();
    this.#count = this.#parts.producers.count;
    for (const { index, record } of records) {
      const facts = sequenceFacts(record, index);
      outbox.seen(facts.id);
      this.#takeOne(facts);
      if (facts.session !== undefined) {
        participations.gather(facts.session, facts.streamId ?? '', facts.number ?? 0);
      }
    }
    this.#flush();
    participations.write();
  }

  /** Within a transaction: looks for what has not come for too long. */
  look(nowMs: number): void {
    const { producers, watch } = this.#parts;
    const timestamp = timestampOf(nowMs);
    const open = new Map<string, Hole[]>();
    const byName = new Map<string, Producer>();
    for (const producer of producers.unexplained(MAX_WATCHED_PRODUCERS)) {
      byName.set(producer.streamId, producer);
      open.set(
        producer.streamId,
        holesOf(producer).filter(({ explained }) => explained === undefined),
      );
    }
    for (const [streamId, holes] of watch.overdueHoles(open, nowMs)) {
      const producer = byName.get(streamId);
      if (producer === undefined) continue;
      for (const gap of gapsOf(holes))
        this.#tell(producer, { action: 'gap', ...gap }, lastOf(producer), timestamp);
    }
    for (const streamId of watch.silentProducers(producers.live(), nowMs)) {
      const producer = producers.find(streamId);
      if (producer === undefined) continue;
      this.#tell(producer, { action: 'silent', last: producer.numbers.highest }, lastOf(producer), timestamp);
    }
  }

  #takeOne(facts: SequenceFacts): void {
    const { streamId, number, statement, skipped } = facts;
    if (skipped !== undefined) {
      // Of a producer of which everything is left out there is no other record.
      const producer = this.#find(skipped.streamId) ?? this.#begin({ ...facts, streamId: skipped.streamId });
      this.#parts.watch.hear(skipped.streamId);
      this.#tellAll(producer, takeSkipped(producer, skipped.bounds), facts);
    }
    if (statement !== undefined) {
      const producer = this.#find(statement.streamId);
      if (producer !== undefined) this.#tellAll(producer, takeStatement(producer, statement, facts), facts);
      return;
    }
    if (streamId === undefined || number === undefined) return;
    this.#parts.watch.hear(streamId);
    let producer = this.#find(streamId);
    if (producer === undefined) {
      producer = this.#begin(facts);
      this.#noteRestart(producer, facts);
    }
    this.#tellAll(producer, takeNumber(producer, facts, number), facts);
  }

  #find(streamId: string): Producer | undefined {
    let producer = this.#loaded.get(streamId);
    if (producer !== undefined) return producer;
    producer = this.#parts.producers.find(streamId);
    if (producer !== undefined) this.#loaded.set(streamId, producer);
    return producer;
  }

  #begin(facts: SequenceFacts): Producer {
    if (this.#count >= this.#maxProducers) {
      // What is to go depends on the records alone, and not on how they came in batches.
      this.#flush();
      this.#parts.producers.forgetOldest();
      this.#count--;
    }
    const producer = newProducer(facts);
    this.#loaded.set(producer.streamId, producer);
    this.#count++;
    return producer;
  }

  /**
   * A process that takes the place of another. Without an instance's name that of a service may be that of many
   * processes side by side: then it is only said of one that has ended, or is silent.
   */
  #noteRestart(producer: Producer, facts: SequenceFacts): void {
    const { service, instance } = producer;
    if (service === '') return;
    this.#flush(producer);
    const { producers } = this.#parts;
    const predecessor = producers
      .predecessors(service, instance, facts.index, MAX_PREDECESSORS)
      .find((earlier) => instance !== '' || hasEnded(earlier) || earlier.silentAt > 0);
    if (predecessor === undefined) return;
    const loaded = this.#find(predecessor.streamId) ?? predecessor;
    loaded.isSucceeded = true;
    const event = { action: 'restarted', previous: loaded.streamId, ended: hasEnded(loaded) } as const;
    this.#tell(producer, event, facts, facts.time);
  }

  #tellAll(producer: Producer, findings: readonly Finding[], facts: SequenceFacts): void {
    for (const finding of findings) this.#tell(producer, eventOf(finding), facts, facts.time);
  }

  #tell(producer: Producer, event: ProducerEvent, evidence: EvidenceRecord, timestamp: string): void {
    this.#parts.outbox.put(producerRecord(producer, event, evidence, timestamp));
  }

  /** Writes what is loaded, so that the table can be asked; one that is not to be in it yet stays out. */
  #flush(except?: Producer): void {
    for (const producer of this.#loaded.values()) {
      if (producer !== except) this.#parts.producers.write(producer);
    }
    this.#loaded.clear();
    if (except !== undefined) this.#loaded.set(except.streamId, except);
  }
}

function eventOf(finding: Finding): ProducerEvent {
  switch (finding.kind) {
    case 'gap_closed': {
      const { first, last, id, index } = finding.gap;
      return { action: 'gap_closed', first, last, gap: { id, index } };
    }
    case 'duplicate':
      return { action: 'duplicate', number: finding.number, count: finding.count };
    case 'resumed':
      return { action: 'resumed', silentAt: finding.silentAt };
  }
}

/** What is said of overdue holes: each by itself, or all together where they are many. */
function gapsOf(holes: readonly Hole[]): { first: number; last: number; count: number }[] {
  const gaps = holes.map(({ from, to }) => ({ first: from, last: to, count: to - from + 1 }));
  const [first, last] = [gaps[0], gaps.at(-1)];
  if (gaps.length <= MAX_GAPS_AT_A_TIME || first === undefined || last === undefined) return gaps;
  const count = gaps.reduce((sum, gap) => sum + gap.count, 0);
  return [{ first: first.first, last: last.last, count }];
}

function lastOf({ lastId, lastIndex }: Producer): EvidenceRecord {
  return { id: lastId, index: lastIndex };
}
