import { randomUUID } from 'node:crypto';
import type { RecordDraft } from '@spanledger/record';
import { ownRecord } from '../own-record.ts';
import type { RefusalGroup } from '../refusals.ts';
import { timestampOf } from '../timestamp.ts';
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
  return ownRecord({
    id,
    timestamp: timestampOf(firstMs),
    audit: {
      action: 'AUTHENTICATE',
      outcome: 'failure',
      signal: { count, ...(isAlike && { delivery }) },
    },
    event: {
      action: 'signal.refused',
      category: ['authentication'],
      ...(count > 1 && { end: timestampOf(lastMs), start: timestampOf(firstMs) }),
      ...(isAlike && issuer !== undefined && { provider: issuer }),
      reason,
      type: ['denied', 'info'],
    },
    groups: isAlike && address !== '' ? { network: { client: { address } } } : {},
  });
}
