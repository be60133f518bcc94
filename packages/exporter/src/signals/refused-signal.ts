import { randomUUID } from 'node:crypto';
import { AUDIT_SCHEMA_VERSION, ECS_VERSION, type RecordDraft } from '@spanledger/record';
import type { RefusalGroup } from '../refusals.ts';
import type { SignalRefusalCode } from './refusal-code.ts';
import type { SignalDelivery } from './signal-record.ts';

/** A signal that was not taken in. */
export interface RefusedSignal {
  reason: SignalRefusalCode;
  delivery: SignalDelivery;
  /** Of the provider that it says it is from, if that is known here; nobody vouches for it. */
  issuer: string | undefined;
  /** Where the connection came from; empty where we made it. */
  address: string;
}

/**
 * The record of signals that were refused; nothing of the token is in it. docs/record-format.md, "What providers tell"
 */
export function refusedSignalRecord({
  first,
  count,
  firstMs,
  lastMs,
  isAlike,
}: RefusalGroup<RefusedSignal>): RecordDraft {
  const { reason, delivery, issuer, address } = first;
  const id = `signal-refused-${randomUUID()}`;
  return {
    id,
    clear: {
      '@timestamp': asTimestamp(firstMs),
      audit: {
        action: 'AUTHENTICATE',
        outcome: 'failure',
        record: { id },
        schema: { version: AUDIT_SCHEMA_VERSION },
        signal: { count, ...(isAlike && { delivery }) },
      },
      ecs: { version: ECS_VERSION },
      event: {
        action: 'signal.refused',
        category: ['authentication'],
        dataset: 'spanledger.audit',
        ...(count > 1 && { end: asTimestamp(lastMs), start: asTimestamp(firstMs) }),
        kind: 'event',
        module: 'spanledger',
        outcome: 'failure',
        ...(isAlike && issuer !== undefined && { provider: issuer }),
        reason,
        type: ['denied', 'info'],
      },
    },
    groups: isAlike && address !== '' ? { network: { client: { address } } } : {},
  };
}

/** ISO 8601 with nine digits of fractions, as all records have it. */
function asTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
