import { deriveDraft, type DerivedDraft, evidenceOf, type EvidenceRecord } from '../derived-draft.ts';
import { derivedId } from '../outbox/index.ts';
import type { Producer } from './producer.ts';

/** The prefix of the ids of these records. */
export const COMPLETENESS_KIND = 'completeness';

/** What happened to a producer. */
export type ProducerEvent =
  | { action: 'gap'; first: number; last: number; count: number }
  | { action: 'gap_closed'; first: number; last: number; gap: EvidenceRecord }
  | { action: 'duplicate'; number: number; count: number }
  | { action: 'restarted'; previous: string; ended: boolean }
  | { action: 'silent'; last: number }
  | { action: 'resumed'; silentAt: number };

interface Wording {
  verb: string;
  outcome: 'success' | 'failure' | 'unknown';
  type: string;
}

const WORDINGS: Readonly<Record<ProducerEvent['action'], Wording>> = {
  gap: { verb: 'MISS', outcome: 'failure', type: 'info' },
  gap_closed: { verb: 'RECOVER', outcome: 'success', type: 'info' },
  duplicate: { verb: 'REPEAT', outcome: 'failure', type: 'info' },
  restarted: { verb: 'RESTART', outcome: 'success', type: 'start' },
  silent: { verb: 'SILENCE', outcome: 'unknown', type: 'end' },
  resumed: { verb: 'RESUME', outcome: 'success', type: 'start' },
};

/**
 * The record of what happened to a producer: `producer.gap` and its like.
 *
 * @param evidence - the record that showed it; of what only time shows, the producer's last one
 * @param timestamp - RFC 3339 with nine fraction digits
 */
export function producerRecord(
  { streamId, service }: Pick<Producer, 'streamId' | 'service'>,
  event: ProducerEvent,
  evidence: EvidenceRecord,
  timestamp: string,
): DerivedDraft {
  const { verb, outcome, type } = WORDINGS[event.action];
  const isUnclean = event.action === 'restarted' && !event.ended;
  return deriveDraft({
    id: derivedId(COMPLETENESS_KIND, event.action, streamId, ...identityOf(event, evidence)),
    timestamp,
    kind: 'state',
    action: `producer.${event.action}`,
    verb,
    outcome: isUnclean ? 'unknown' : outcome,
    category: ['process'],
    type: [type],
    evidence: evidenceOf(event.action === 'gap_closed' ? inOrder(event.gap, evidence) : [evidence]),
    audit: { producer: { stream_id: streamId, ...fieldsOf(event) } },
    ...(service !== '' && { clear: { service: { name: service } } }),
  });
}

function inOrder(a: EvidenceRecord, b: EvidenceRecord): EvidenceRecord[] {
  if (a.id === b.id) return [a];
  return a.index < b.index ? [a, b] : [b, a];
}

/** What tells it from others of its kind at the same producer. */
function identityOf(event: ProducerEvent, evidence: EvidenceRecord): string[] {
  switch (event.action) {
    case 'gap':
      return [`${event.first}`, `${event.last}`];
    case 'gap_closed':
      return [event.gap.id];
    case 'duplicate':
      return [`${event.count}`];
    case 'restarted':
      return [event.previous];
    case 'silent':
    case 'resumed':
      return [evidence.id];
  }
}

function fieldsOf(event: ProducerEvent): Record<string, number | string> {
  switch (event.action) {
    case 'gap':
      return { first: event.first, last: event.last, count: event.count };
    case 'gap_closed':
      return { first: event.first, last: event.last };
    case 'duplicate':
      return { first: event.number, last: event.number, count: event.count };
    case 'restarted':
      return { previous: event.previous };
    case 'silent':
      return { last: event.last };
    case 'resumed':
      return { last: event.silentAt };
  }
}
