import { randomUUID } from 'node:crypto';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import { ownRecord } from '../own-record.ts';
import type { Reading } from '../reading.ts';
import { timestampOf } from '../timestamp.ts';
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
 * The record of what somebody was shown. What was asked may name people: it is committed to, not shown. Where the answer
 * was that there is nothing, it is not kept at all: who was erased would come back with every search for them.
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
  const isAnything = reading.records > 0 || (reading.counted ?? 0) > 0;
  const asked: JsonObject = isAnything ? askedOf(reading) : {};
  return ownRecord({
    id,
    timestamp: timestampOf(firstMs),
    subject: { issuer: '', id: caller.name, type: 'service' },
    audit: {
      access: {
        count,
        records: reading.records,
        role: caller.role,
        ...(caller.tokenId !== undefined && { token: caller.tokenId }),
      },
      action: 'READ',
      outcome: 'success',
      target: { type: TARGETS[reading.what] },
    },
    event: {
      action: `access.read.${reading.what}`,
      category: ['iam'],
      ...(count > 1 && { end: timestampOf(lastMs), start: timestampOf(firstMs) }),
      type: ['access'],
    },
    groups: {
      ...(Object.keys(asked).length > 0 && { content: { attributes: asked } }),
      ...(address !== '' && { network: { client: { address } } }),
    },
  });
}

function askedOf({ id, query }: Reading): JsonObject {
  return {
    ...(id !== undefined && { 'audit.access.id': id }),
    ...(query !== undefined && query !== '' && { 'audit.access.query': query }),
  };
}
