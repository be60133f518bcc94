import { ExporterError } from '../errors.ts';

/** What is said of a vault that cannot be read. */
export function damagedVault(file: string, what: string, cause?: unknown): ExporterError {
  return new ExporterError('vault_damaged', `${file} ${what}`, {
    cause,
    hint: 'Restore it from a backup. The ledger stays provable without it.',
  });
}

/** A whole number from a row. @throws ExporterError `vault_damaged` */
export function asInteger(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new ExporterError('vault_damaged', 'a number of the vault is none');
}

/** Bytes from a row. @throws ExporterError `vault_damaged` */
export function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new ExporterError('vault_damaged', 'a key or box of the vault is none');
}

/** A box that its key does not open. */
export function unopenedBox(first: number): ExporterError {
  return new ExporterError('vault_damaged', `a box of the vault does not open (entries from ${first})`, {
    hint: 'Restore vault/vault.db from a backup. The ledger stays provable without it.',
  });
}
