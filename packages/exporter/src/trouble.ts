import type { Ledger } from '@spanledger/ledger';

/** Something that keeps the service from its work until it is over: why `/readyz` answers 503. */
export interface Trouble {
  /** A code of docs/errors.md. */
  code: string;
  message: string;
  /** What can be done about it. */
  hint?: string;
}

/** What is wrong with a ledger just now. */
export function ledgerTroubles(ledger: Pick<Ledger, 'trouble'>): Trouble[] {
  const trouble = ledger.trouble();
  if (trouble === undefined) return [];
  const { code, message, hint } = trouble;
  return [{ code, message, ...(hint !== undefined && { hint }) }];
}
