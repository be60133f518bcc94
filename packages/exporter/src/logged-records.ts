import type { Ledger, LedgerReader } from '@spanledger/ledger';

/** What the log is looked through with. */
export interface LoggedRecordsOptions {
  ledger: Pick<Ledger, 'published' | 'sizes'>;
  reader: Pick<LedgerReader, 'entries'>;
}

/**
 * Which records are in the log already: what is written once has to know after a crash whether it was.
 *
 * @param ids `audit.record.id`s to look for
 * @param from ledger index before which they cannot be
 * @returns those that were found
 */
export async function findLoggedRecords(
  { ledger, reader }: LoggedRecordsOptions,
  ids: Iterable<string>,
  from: number,
): Promise<Set<string>> {
  const to = ledger.sizes().durable;
  await ledger.published(to);
  const wanted = [...ids].map((id) => ({ id, bytes: Buffer.from(JSON.stringify(id)) }));
  const found = new Set<string>();
  for await (const { bytes } of reader.entries(from, to)) {
    const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { id, bytes: name } of wanted) if (entry.includes(name)) found.add(id);
  }
  return found;
}
