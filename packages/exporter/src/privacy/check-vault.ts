import { ExporterError } from '../errors.ts';
import type { Vault } from './vault.ts';

/** What has to belong together. */
export interface VaultCheck {
  vault: Pick<Vault, 'begin' | 'commit' | 'sealedHash' | 'sealedTo'>;
  /** Where the vault lies, for messages. */
  file: string;
  /** The number of the ledger's entries. */
  size: number;
  /** The first entry that the journal still holds; {@link VaultCheck.size} if it holds none. */
  journalFrom: number;
  /** Reads the leaf hash of an entry of the ledger, in hex. */
  leafHash: (index: number) => Promise<string>;
  /** What is in neither is given up. */
  acceptLost: boolean;
}

const SAME_BACKUP =
  'Restore vault/ and ledger/ from the same backup, or move vault/ away if the opened groups in it are to be given up.';

/**
 * Demands that the vault is this ledger's, of no later time and of no earlier one than the journal reaches back to. A
 * vault beside a ledger from an older backup would show what it holds at records that are others by now, and let the
 * journal destroy what it has not.
 *
 * @returns how many records were given up: their opened groups are in neither the vault nor the journal
 * @throws ExporterError `vault_ahead`, `vault_mismatch`, `vault_missing`
 */
export async function checkVault(check: VaultCheck): Promise<number> {
  await demandSameLedger(check);
  const { vault, file, journalFrom, leafHash, acceptLost } = check;
  const lost = Math.max(0, journalFrom - vault.sealedTo);
  if (lost === 0) return 0;
  if (!acceptLost) {
    throw new ExporterError(
      'vault_missing',
      `the opened groups of ${lost} records, from entry ${vault.sealedTo} on, are neither in ${file} nor in the journal`,
      {
        hint: `Restore vault/ from the backup. To go on without the opened groups of ${lost} records, set privacy.accept_lost_openings: true (SPANLEDGER_ACCEPT_LOST_OPENINGS=true).`,
      },
    );
  }
  // Noted, so that the next start finds nothing amiss.
  const hash = journalFrom === 0 ? undefined : await leafHash(journalFrom - 1);
  vault.begin();
  vault.commit(journalFrom, hash);
  return lost;
}

async function demandSameLedger({ vault, file, size, leafHash }: VaultCheck): Promise<void> {
  const { sealedTo, sealedHash } = vault;
  if (sealedTo > size) {
    throw new ExporterError(
      'vault_ahead',
      `${file} holds opened groups up to entry ${sealedTo}, and the ledger has only ${size} entries`,
      { hint: SAME_BACKUP },
    );
  }
  if (sealedTo === 0 || sealedHash === undefined) return;
  if ((await leafHash(sealedTo - 1)) === sealedHash) return;
  throw new ExporterError(
    'vault_mismatch',
    `${file} was made beside another ledger: entry ${sealedTo - 1} is not the one that it knows`,
    { hint: SAME_BACKUP },
  );
}
