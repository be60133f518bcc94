import type { Alert } from './alert.ts';
import type { Outcome } from './outcome.ts';

/** A place to which alerts are sent. */
export interface AlertTarget {
  /**
   * Sends an alert. The same one may come again after a crash, with the same `recordId`.
   *
   * @param signal ends the attempt, however far it is
   * @throws what the system says when there was no answer; it is tried again
   */
  send(alert: Alert, signal: AbortSignal): Promise<Outcome>;
}
