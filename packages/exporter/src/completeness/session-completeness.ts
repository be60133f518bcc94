import type { Participation } from './participation-table.ts';
import { hasEnded, type Hole, holesOf, type Producer } from './producer.ts';

/**
 * What comes after a session's last number at a producer: `ended`, the terminal marker; `continued`, later numbers;
 * `open`, nothing yet; `silent`, nothing, and nothing was heard of the producer for long; `unknown`, nobody remembers.
 */
export type SessionTail = 'continued' | 'ended' | 'open' | 'silent' | 'unknown';

/** What a session did at one producer, and what of it may be missing. */
export interface ProducerParticipation {
  /** `audit.sequence.stream_id`. */
  stream_id: string;
  /** `service.name`, where it is known. */
  service?: string;
  /** The session's first and last number there. */
  first: number;
  last: number;
  /** The session's records there. */
  records: number;
  tail: SessionTail;
  /** Numbers that are not in the log and may be the session's. */
  holes: Hole[];
  /** False where too many holes were too old to be remembered. */
  exact: boolean;
}

/** Whether all of a session is in the log. */
export interface SessionCompleteness {
  /** No number is missing where the session took part, and all of its spans have a number. */
  complete: boolean;
  /** By their names. */
  producers: ProducerParticipation[];
  /** Records of spans whose producer does not number: of these nothing can be said. */
  unnumbered: number;
  /** The records that this is about are those before this ledger index. */
  position: number;
}

/**
 * Puts together what is known of a session's producers. A hole may be the session's where it lies between its first and
 * last number at a producer, or right beside them: then nothing tells it from the session's own.
 *
 * @param find - a producer by its name; undefined where it is not remembered
 * @param position - the first ledger index that is not taken in
 */
export function sessionCompleteness(
  participations: readonly Participation[],
  find: (streamId: string) => Producer | undefined,
  position: number,
): SessionCompleteness {
  const unnumbered = participations.find(({ streamId }) => streamId === '')?.records ?? 0;
  const producers = participations
    .filter(({ streamId }) => streamId !== '')
    .map((participation) => describe(participation, find(participation.streamId)));
  const isWhole = producers.every(({ holes, exact }) => holes.length === 0 && exact);
  return { complete: producers.length > 0 && unnumbered === 0 && isWhole, producers, unnumbered, position };
}

function describe(
  { streamId, first, last, records }: Participation,
  producer: Producer | undefined,
): ProducerParticipation {
  const base = { stream_id: streamId, first, last, records };
  if (producer === undefined) return { ...base, tail: 'unknown', holes: [], exact: false };
  const near = producer.numbers.holes().filter(([from, to]) => from <= last + 1 && to >= first - 1);
  const holes = holesOf(producer).filter((hole) =>
    near.some(([from, to]) => from <= hole.from && hole.to <= to),
  );
  return {
    ...base,
    ...(producer.service !== '' && { service: producer.service }),
    tail: tailOf(producer, last),
    holes,
    exact: !producer.isInexact,
  };
}

function tailOf(producer: Producer, last: number): SessionTail {
  if (producer.numbers.highest > last) return hasEnded(producer) ? 'ended' : 'continued';
  return producer.silentAt > 0 ? 'silent' : 'open';
}
