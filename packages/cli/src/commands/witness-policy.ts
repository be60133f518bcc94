import type { WitnessPolicy } from '@spanledger/ledger/verify';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { readWitnessKeys } from '../input-files.ts';
import type { VerifyOptions } from './verify.ts';

/** Whom `--witness` and `--quorum` ask to be believed. */
export async function readWitnessPolicy(
  options: Pick<VerifyOptions, 'witness' | 'quorum'>,
  context: Context,
): Promise<WitnessPolicy> {
  const witnesses = await readWitnessKeys(options.witness ?? [], context);
  const { quorum } = options;
  if (quorum !== undefined && quorum > witnesses.length) {
    throw new CliError('usage', `--quorum ${quorum} is more than the ${witnesses.length} witnesses given`);
  }
  return { witnesses, ...(quorum !== undefined && { quorum }) };
}
