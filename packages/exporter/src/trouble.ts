import type { Ledger } from '@spanledger/ledger';

/** Something that keeps the service from its work until it is over: why `/readyz` answers 503. */
export interface Trouble {
  /** A code of docs/errors.md. */
  code: string;
  message: string;
  /** What can be done about it. */
  hint?: string;
}

/** What a ledger lacks that does not keep it from its work: cosignatures, where it publishes without them. */
export function ledgerWarnings(ledger: Pick<Ledger, 'witnessing'>): Trouble[] {
  const witnessing = ledger.witnessing();
  if (witnessing === undefined || witnessing.isEnough) return [];
  const { signed, quorum, witnesses } = witnessing;
  const reasons = witnesses.flatMap(({ name, failure }) =>
    failure === undefined ? [] : [`${name}: ${failure.detail}`],
  );
  const message = `${signed} of ${witnesses.length} witnesses signed the checkpoint, ${quorum} are demanded`;
  return [
    {
      code: 'quorum_missing',
      message: reasons.length === 0 ? message : `${message} (${reasons.join('; ')})`,
      hint: 'See to the witnesses: docs/errors.md explains what keeps each from signing.',
    },
  ];
}

/** What is wrong with a ledger just now. */
export function ledgerTroubles(ledger: Pick<Ledger, 'trouble'>): Trouble[] {
  const trouble = ledger.trouble();
  if (trouble === undefined) return [];
  const { code, message, hint } = trouble;
  return [{ code, message, ...(hint !== undefined && { hint }) }];
}
