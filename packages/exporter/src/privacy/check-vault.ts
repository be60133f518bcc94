import { ExporterError } from '../errors.ts';
import { leafHash } from './leaf-hash.ts';
import type { Vault } from './vault.ts';

/** What has to belong together. */
export interface VaultCheck {
  vault: Pick<Vault, 'sealedTo' | 'sealedHash'>;
  /** Where the vault lies, for messages. */
  file: string;
  /** The number of the ledger's entries. */
  size: number;
  /** Reads an entry of the ledger. */
  entry: (index: number) => Promise<Uint8Array | undefined>;
}

const SAME_BACKUP =
  'Restore vault/ and ledger/ from the same backup, or move vault/ away if the opened groups in it are to be given up.';

/**
 * Demands that the vault is this ledger's, and of no later time. A vault beside a ledger from an older backup would show
 * what it holds at records that are others by now, and let the journal destroy what it has not.
 *
 * @throws ExporterError `vault_ahead`, `vault_mismatch`
 */
export async function checkVault({ vault, file, size, entry }: VaultCheck): Promise<void> {
  const { sealedTo, sealedHash } = vault;
  if (sealedTo > size) {
    throw new ExporterError(
      'vault_ahead',
      `${file} holds opened groups up to entry ${sealedTo}, and the ledger has only ${size} entries`,
      { hint: SAME_BACKUP },
    );
  }
  if (sealedTo === 0 || sealedHash === undefined) return;
  const last = await entry(sealedTo - 1);
  if (last !== undefined && leafHash(last) === sealedHash) return;
  throw new ExporterError(
    'vault_mismatch',
    `${file} was made beside another ledger: entry ${sealedTo - 1} is not the one that it knows`,
    { hint: SAME_BACKUP },
  );
}
