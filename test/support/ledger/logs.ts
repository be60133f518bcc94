import {
  generateSigner,
  memoryEpochKeys,
  openLedger,
  type EpochKeys,
  type Ledger,
  type LedgerOptions,
  type NoteSigner,
} from '@spanledger/ledger';
import { onTestFinished } from 'vitest';
import { scratchDirectory } from './scratch.ts';

/** A data directory with the keys of its log. */
export interface LogHome {
  directory: string;
  signer: NoteSigner;
  epochKeys: EpochKeys;
}

/** A data directory of its own for a test. */
export async function newHome(): Promise<LogHome> {
  const signer = generateSigner('example.com/log');
  return { directory: await scratchDirectory(), signer, epochKeys: memoryEpochKeys() };
}

/** Opens the log of a home, and closes it after the test at the latest. */
export async function openHome(home: LogHome, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = await openLedger({ ...home, publishIntervalMs: 20, ...options });
  onTestFinished(() => ledger.close());
  return ledger;
}
