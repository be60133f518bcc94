import { openJournalReader } from '@spanledger/ledger';
import type { DataDirectory } from '../data-directory.ts';
import type { OpeningBytesReader, OpeningsReader } from '../openings.ts';
import { fileEpochKeys } from './epoch-keys.ts';
import { journalAndVaultOpenings } from './journal-openings.ts';
import { loadKek } from './kek.ts';
import { Vault } from './vault.ts';

/** Openings of a data directory that nobody needs to be serving. */
export interface StoredOpenings extends OpeningsReader, OpeningBytesReader {
  close(): void;
}

/**
 * Reads the openings of a data directory from beside the service, or without one: from the vault, and what was not
 * re-sealed before the last stop, crash or minute from the journal. Nothing is written.
 *
 * @param environmentKek - the key-encryption key where the environment brings it, base64
 * @throws ExporterError `key_missing`, `key_mismatch`, `vault_damaged`
 */
export async function openStoredOpenings(
  paths: DataDirectory,
  environmentKek: string | undefined,
): Promise<StoredOpenings> {
  const kek = await loadKek(paths.kekFile, environmentKek, false);
  const vault = new Vault({ file: paths.vaultFile, kek, readOnly: true });
  const journal = await openJournalReader({
    directory: paths.root,
    epochKeys: fileEpochKeys(paths.epochKeys, kek),
  });
  const stored = journalAndVaultOpenings(journal, vault);
  // Segments that are known do not change but by being removed, and then the vault has what they held.
  const reach = async (to: number): Promise<void> => {
    if (to > (journal.segments().at(-1)?.end ?? 0)) await journal.refresh();
  };
  return {
    async read(from, to) {
      await reach(to);
      return stored.read(from, to);
    },
    async readBytes(from, to) {
      await reach(to);
      return stored.readBytes(from, to);
    },
    close() {
      vault.close();
    },
  };
}
