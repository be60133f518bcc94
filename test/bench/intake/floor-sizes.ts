import { createSecretKey, randomBytes } from 'node:crypto';
import type { EntryBatch } from '@spanledger/record';
import { References } from '../../../packages/exporter/src/privacy/references.ts';
import { Intake, Producers } from '../../../packages/exporter/src/receive/index.ts';
import { KeyTable } from '../../../packages/exporter/src/receive/wire/key-table.ts';
import { outlineTraceRequest } from '../../../packages/exporter/src/receive/wire/trace-request.ts';

/** What the records of some spans come to, in bytes a span. */
export interface FloorSizes {
  /** Where files are made. */
  directory: string;
  /** An entry as the ledger writes it. */
  entryBytes: number;
  /** Opened groups, all of them. */
  openingBytes: number;
  /** The same, each by itself: each is committed to. */
  groupBytes: number[];
}

/** What the ledger adds to each entry: its place, and the hash of the one before. */
const LEDGER_MEMBER_BYTES = 145;

/** Takes a request in without a ledger, and measures what would have been written. */
export async function measureRecords(body: Uint8Array): Promise<Omit<FloorSizes, 'directory'>> {
  const batches: EntryBatch[] = [];
  const references = new References(createSecretKey(randomBytes(32)), {
    reference: () => undefined,
    isErased: () => false,
  });
  const intake = new Intake({
    producers: new Producers(),
    references,
    ledger: {
      append: (batch) => {
        batches.push({ ...batch, bytes: batch.bytes.slice(), openings: batch.openings.slice() });
        return Promise.resolve({ first: 0, count: batch.count });
      },
      hasRoom: () => true,
      sizes: () => ({ sequenced: 0, durable: 0, integrated: 0, published: 0 }),
    },
  });
  await intake.accept(outlineTraceRequest(body, new KeyTable()));
  const [batch] = batches;
  if (batch === undefined) throw new Error('no records');
  const { count, bytes, openings, openingEnds } = batch;
  const opened: object = JSON.parse(Buffer.from(openings.subarray(0, openingEnds[0])).toString());
  return {
    entryBytes: Math.round(bytes.length / count) + LEDGER_MEMBER_BYTES,
    openingBytes: Math.round(openings.length / count),
    groupBytes: Object.values(opened).map((group) => JSON.stringify(group).length),
  };
}
