import { randomUUID } from 'node:crypto';
import type { RecordDraft } from '@spanledger/record';
import { ownRecord } from '../own-record.ts';
import type { RefusalGroup } from '../refusals.ts';
import { timestampOf } from '../timestamp.ts';
import { isUnauthenticated, type Refusal } from './refusal.ts';

/**
 * The record of requests that were refused. What was presented is not in it; the id of a token that is known is.
 *
 * docs/record-format.md, "Refused requests"
 */
export function refusalRecord({
  first,
  count,
  firstMs,
  lastMs,
  isAlike,
}: RefusalGroup<Refusal>): RecordDraft {
  const { reason, address, caller, tokenId, request } = first;
  const id = `access-refused-${randomUUID()}`;
  const isUnknown = isUnauthenticated(reason);
  return ownRecord({
    id,
    timestamp: timestampOf(firstMs),
    ...(isAlike && caller !== undefined && { subject: { issuer: '', id: caller, type: 'service' } }),
    audit: {
      access: { count, reason, ...(isAlike && tokenId !== undefined && { token: tokenId }) },
      action: isUnknown ? 'AUTHENTICATE' : 'ACCESS',
      outcome: 'failure',
    },
    event: {
      action: 'access.refused',
      category: [isUnknown ? 'authentication' : 'iam'],
      ...(count > 1 && { end: timestampOf(lastMs), start: timestampOf(firstMs) }),
      reason,
      type: [isUnknown ? 'start' : 'denied'],
    },
    clear: {
      ...(isAlike &&
        request !== undefined && {
          http: {
            request: { method: request.method },
            response: { status_code: request.status },
            route: request.route,
          },
        }),
    },
    groups: isAlike && address !== '' ? { network: { client: { address } } } : {},
  });
}
