import { ExporterError } from '../errors.ts';
import type { Alert } from './alert.ts';
import type { AlertTarget } from './alert-target.ts';
import { type Outcome, outcomeOfError } from './outcome.ts';

/**
 * Tries to deliver an alert once, within a time.
 *
 * @param stop gives up when the service stops
 */
export async function attempt(
  target: AlertTarget,
  alert: Alert,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await target.send(alert, AbortSignal.any([timeout, stop]));
  } catch (error) {
    if (timeout.aborted) return { kind: 'failed', reason: `no answer within ${timeoutMs / 1_000} s` };
    // What is wrong with a secret is ours, and says what to do.
    if (error instanceof ExporterError) return { kind: 'failed', reason: error.message };
    return outcomeOfError(error);
  }
}
