import { type JournalReader, LedgerError } from '@spanledger/ledger';
import type { Openings } from '@spanledger/record';
import type { OpeningsReader } from '../openings.ts';
import { parseOwnOpenings } from './own-openings.ts';
import type { Vault } from './vault.ts';

/** JCS of no openings. */
const NO_OPENINGS_BYTES = 2;

/** Reads what the journal still holds. */
export function journalOpenings(journal: Pick<JournalReader, 'segments' | 'readOpenings'>): OpeningsReader {
  return {
    async read(from, to) {
      const found = new Map<number, Openings>();
      for (const { first, end } of journal.segments()) {
        if (first >= to || end <= from) continue;
        for (const [index, bytes] of await readSegment(journal, Math.max(from, first), Math.min(to, end))) {
          if (bytes.length > NO_OPENINGS_BYTES) found.set(index, parseOwnOpenings(bytes));
        }
      }
      return found;
    },
  };
}

/** Reads what the vault holds. */
export function vaultOpenings(vault: Vault): OpeningsReader {
  return {
    read(from, to) {
      return Promise.resolve(new Map(vault.openings(from, to)));
    },
  };
}

/** A segment that is retired while it is read has lost its key; then the vault has what it held. */
async function readSegment(
  journal: Pick<JournalReader, 'readOpenings'>,
  from: number,
  to: number,
): Promise<ReadonlyMap<number, Uint8Array>> {
  try {
    return await journal.readOpenings(from, to);
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'epoch_key_missing') return new Map();
    throw error;
  }
}
