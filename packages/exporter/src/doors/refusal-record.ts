import { randomUUID } from 'node:crypto';
import { AUDIT_SCHEMA_VERSION, ECS_VERSION, type RecordDraft } from '@spanledger/record';
import type { RefusalGroup } from '../refusals.ts';
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
  return {
    id,
    ...(isAlike && caller !== undefined && { subject: { issuer: '', id: caller, type: 'service' } }),
    clear: {
      '@timestamp': asTimestamp(firstMs),
      audit: {
        access: {
          count,
          reason,
          ...(isAlike && tokenId !== undefined && { token: tokenId }),
        },
        action: isUnknown ? 'AUTHENTICATE' : 'ACCESS',
        outcome: 'failure',
        record: { id },
        schema: { version: AUDIT_SCHEMA_VERSION },
      },
      ecs: { version: ECS_VERSION },
      event: {
        action: 'access.refused',
        category: [isUnknown ? 'authentication' : 'iam'],
        dataset: 'spanledger.audit',
        ...(count > 1 && { end: asTimestamp(lastMs), start: asTimestamp(firstMs) }),
        kind: 'event',
        module: 'spanledger',
        outcome: 'failure',
        reason,
        type: [isUnknown ? 'start' : 'denied'],
      },
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
  };
}

/** ISO 8601 with nine digits of fractions, as all records have it. */
function asTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
