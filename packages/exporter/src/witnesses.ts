import type { Ledger, WitnessingOptions, WitnessingStatus, WitnessStatus } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';
import type { Logger } from 'pino';

/** How long a start or a stop waits for witnesses where nothing is published without them. */
const HELD_BACK_TIMEOUT_MS = 30_000;

/**
 * Waits until all that is durable is published. Where it is held back for want of witnesses, this ends at some time.
 *
 * @param heldBackMs - how long it waits then
 * @throws LedgerError `quorum_missing` then
 */
export async function awaitPublished(
  ledger: Pick<Ledger, 'sizes' | 'published' | 'trouble'>,
  witnessing: WitnessingOptions | undefined,
  heldBackMs: number = HELD_BACK_TIMEOUT_MS,
): Promise<void> {
  const { durable } = ledger.sizes();
  if (witnessing?.whenMissing !== 'hold') {
    await ledger.published(durable);
    return;
  }
  try {
    await ledger.published(durable, AbortSignal.timeout(heldBackMs));
  } catch (error) {
    throw ledger.trouble() ?? error;
  }
}

/** Says when a witness fails, and when it is good again. */
export function logWitness({ name, url, failure }: WitnessStatus, log: Logger): void {
  if (failure === undefined) {
    log.info({ witness: name, url }, 'the witness signs again');
    return;
  }
  const { code, detail } = failure;
  const facts = { witness: name, url, code };
  // Not an absence: it says that this log is not the one that it knew.
  if (['contradicted', 'log_behind', 'proof_refused'].includes(code)) {
    log.error(facts, `a witness contradicts this ledger: ${detail}`);
  } else {
    log.warn(facts, `a witness does not sign: ${detail}`);
  }
}

/** How it stands with the witnesses, for the status of the service; nothing if there are none. */
export function describeWitnessing(witnessing: WitnessingStatus | undefined): JsonObject {
  if (witnessing === undefined) return {};
  const { signed, quorum, witnesses } = witnessing;
  return {
    witnesses: {
      signed,
      quorum,
      of: witnesses.map(({ name, url, size, isGood, failure }) => ({
        name,
        url,
        size,
        good: isGood,
        ...(failure !== undefined && { failure: failure.code }),
      })),
    },
  };
}
