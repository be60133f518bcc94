import { randomUUID } from 'node:crypto';
import { AUDIT_SCHEMA_VERSION, ECS_VERSION, type JsonObject, type RecordDraft } from '@spanledger/record';
import type { Reading } from '../reading.ts';
import type { Caller } from './role.ts';

/** Readings of one kind, by one reader, that are told by one record. */
export interface ReadingGroup {
  caller: Pick<Caller, 'name' | 'role' | 'tokenId'>;
  address: string;
  reading: Reading;
  /** How often it was asked. */
  count: number;
  /** Milliseconds since the epoch. */
  firstMs: number;
  lastMs: number;
}

const TARGETS: Readonly<Record<Reading['what'], string>> = {
  attempts: 'audit.records',
  count: 'audit.records',
  histogram: 'audit.records',
  record: 'audit.record',
  records: 'audit.records',
  session: 'audit.session',
  sessions: 'audit.sessions',
  token: 'audit.token',
  tokens: 'audit.tokens',
};

/**
 * The record of what somebody was shown. What was asked may name people: it is committed to, not shown.
 *
 * docs/record-format.md, "Who reads"
 */
export function readingRecord({
  caller,
  address,
  reading,
  count,
  firstMs,
  lastMs,
}: ReadingGroup): RecordDraft {
  const id = `access-read-${randomUUID()}`;
  const asked: JsonObject = {
    ...(reading.id !== undefined && { 'audit.access.id': reading.id }),
    ...(reading.query !== undefined && reading.query !== '' && { 'audit.access.query': reading.query }),
  };
  return {
    id,
    subject: { issuer: '', id: caller.name, type: 'service' },
    clear: {
      '@timestamp': asTimestamp(firstMs),
      audit: {
        access: {
          count,
          records: reading.records,
          role: caller.role,
          ...(caller.tokenId !== undefined && { token: caller.tokenId }),
        },
        action: 'READ',
        outcome: 'success',
        record: { id },
        schema: { version: AUDIT_SCHEMA_VERSION },
        target: { type: TARGETS[reading.what] },
      },
      ecs: { version: ECS_VERSION },
      event: {
        action: `access.read.${reading.what}`,
        category: ['iam'],
        dataset: 'spanledger.audit',
        ...(count > 1 && { end: asTimestamp(lastMs), start: asTimestamp(firstMs) }),
        kind: 'event',
        module: 'spanledger',
        outcome: 'success',
        type: ['access'],
      },
    },
    groups: {
      ...(Object.keys(asked).length > 0 && { content: { attributes: asked } }),
      ...(address !== '' && { network: { client: { address } } }),
    },
  };
}

/** ISO 8601 with nine digits of fractions, as all records have it. */
function asTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
