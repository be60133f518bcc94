import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JournalReader } from '@spanledger/ledger';
import type { RequestsFirst } from '../request-load.ts';
import { leafHash } from './leaf-hash.ts';
import type { Vault } from './vault.ts';
import type { VaultSealer } from './vault-sealer.ts';

/** What is moved from where to where. */
export interface SegmentSealing {
  journal: Pick<JournalReader, 'read'>;
  /** A connection that nobody else uses: its transaction spans many turns of the event loop. */
  vault: Vault;
  sealer: VaultSealer;
  /** The name of a closed segment. */
  segment: string;
  /** The ledger index after its last entry. */
  end: number;
  /** Asked before each group, and each part of what is sealed. */
  requestsFirst?: RequestsFirst;
}

/**
 * Re-seals the openings of a journal segment into the vault, in one transaction. To do it again, after a crash before
 * the segment was retired, gives the same rows.
 *
 * @returns the blind keys of the references that the vault learned
 */
export async function sealSegment({
  journal,
  vault,
  sealer,
  segment,
  end,
  requestsFirst,
}: SegmentSealing): Promise<Uint8Array[]> {
  if (end <= vault.sealedTo) return [];
  const learned: Uint8Array[] = [];
  let last: Uint8Array | undefined;
  const rest = async (): Promise<void> => {
    await nextTurn();
    await requestsFirst?.giveWay();
  };
  vault.begin();
  try {
    for await (const group of journal.read(segment)) {
      await rest();
      learned.push(...sealer.add(group));
      last = group.entries.at(-1) ?? last;
      if (!sealer.isFull) continue;
      for (const _ of sealer.flush()) await rest();
    }
    for (const _ of sealer.flush()) await rest();
    vault.commit(end, last === undefined ? undefined : leafHash(last));
  } catch (error) {
    vault.rollback();
    sealer.forget();
    throw error;
  }
  return learned;
}
