import { type JournalReader, LedgerError } from '@spanledger/ledger';
import type { Openings } from '@spanledger/record';
import type { OpeningBytesReader, OpeningsReader } from '../openings.ts';
import { parseOwnOpenings } from './own-openings.ts';
import type { Vault } from './vault.ts';

/** JCS of no openings. */
const NO_OPENINGS_BYTES = 2;

/** Reads opened groups from the journal, and from the vault what the journal does not hold any more. */
export function journalAndVaultOpenings(
  journal: Pick<JournalReader, 'segments' | 'readOpenings'>,
  vault: Vault,
): OpeningsReader & OpeningBytesReader {
  async function readBytes(from: number, to: number): Promise<Map<number, Uint8Array>> {
    const found = await readJournal(journal, from, to);
    if (found.size >= to - from) return found;
    for (const [index, bytes] of vault.openingBytes(from, to)) {
      if (!found.has(index)) found.set(index, bytes);
    }
    return found;
  }
  return {
    readBytes,
    async read(from, to) {
      const openings = new Map<number, Openings>();
      for (const [index, bytes] of await readBytes(from, to)) openings.set(index, parseOwnOpenings(bytes));
      return openings;
    },
  };
}

async function readJournal(
  journal: Pick<JournalReader, 'segments' | 'readOpenings'>,
  from: number,
  to: number,
): Promise<Map<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  for (const { first, end } of journal.segments()) {
    if (first >= to || end <= from) continue;
    for (const [index, bytes] of await readSegment(journal, Math.max(from, first), Math.min(to, end))) {
      if (bytes.length > NO_OPENINGS_BYTES) found.set(index, bytes);
    }
  }
  return found;
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
