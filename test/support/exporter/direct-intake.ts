import type { LedgerAndVault } from '../../../packages/exporter/src/ledger-and-vault.ts';
import { Intake, Producers } from '../../../packages/exporter/src/receive/index.ts';
import { KeyTable } from '../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../packages/exporter/src/receive/wire/trace-request.ts';

/** Requests that share a sync. */
const AT_ONCE = 32;

/**
 * Takes requests in without a service: what they bring is in the ledger and its journal, and nobody follows it.
 *
 * @param bodies - protobuf
 * @returns how many records there are, once all of them are published
 */
export async function takeIn(
  { ledger, references }: Pick<LedgerAndVault, 'ledger' | 'references'>,
  bodies: Iterable<Uint8Array>,
): Promise<number> {
  const intake = new Intake({ ledger, references, producers: new Producers() });
  const keys = new KeyTable();
  const underWay: Promise<number>[] = [];
  for (const body of bodies) {
    underWay.push(intake.accept(decodeTraceRequest(body, keys)));
    if (underWay.length === AT_ONCE) await Promise.all(underWay.splice(0));
  }
  await Promise.all(underWay);
  const { durable } = ledger.sizes();
  await ledger.published(durable);
  return durable;
}
