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
  /** The same, each by itself, as it is committed to. */
  groupBytes: number[];
}

/** What the ledger adds to each entry: its place, and the hash of the one before. */
const LEDGER_MEMBER_BYTES = 145;

/** Takes requests in without a ledger, and measures what would have been written: the mean of all spans. */
export async function measureRecords(bodies: readonly Uint8Array[]): Promise<Omit<FloorSizes, 'directory'>> {
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
        batches.push({
          ...batch,
          bytes: batch.bytes.slice(),
          openings: batch.openings.slice(),
          openingEnds: batch.openingEnds.slice(),
        });
        return Promise.resolve({ first: 0, count: batch.count });
      },
      hasRoom: () => true,
      sizes: () => ({ sequenced: 0, durable: 0, integrated: 0, published: 0 }),
    },
  });
  const keys = new KeyTable();
  for (const body of bodies) await intake.accept(outlineTraceRequest(body, keys));
  const sum = (numberOf: (batch: EntryBatch) => number): number =>
    batches.reduce((total, batch) => total + numberOf(batch), 0);
  const spans = sum(({ count }) => count);
  const groups = Math.round(sum(groupsOf) / spans);
  const openingBytes = Math.round(sum(({ openings }) => openings.length) / spans);
  return {
    entryBytes: Math.round(sum(({ bytes }) => bytes.length) / spans) + LEDGER_MEMBER_BYTES,
    openingBytes,
    groupBytes: Array.from({ length: groups }, () => Math.round(openingBytes / groups)),
  };
}

function groupsOf({ openings, openingEnds, count }: EntryBatch): number {
  const bytes = Buffer.from(openings);
  let groups = 0;
  for (let span = 0; span < count; span++) {
    const opened: object = JSON.parse(
      bytes.toString('utf8', span === 0 ? 0 : openingEnds[span - 1], openingEnds[span]),
    );
    groups += Object.keys(opened).length;
  }
  return groups;
}
