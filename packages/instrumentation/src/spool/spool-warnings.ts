import { warnOnce } from '../warning.ts';
import type { LossReason } from './loss-file.ts';

/** Says that the directory cannot be written to, and why. */
export function warnAboutCause(spoolDirectory: string, cause: string): void {
  warnOnce(
    'SPANLEDGER_SPOOL_FAILED_CAUSE',
    `Spanledger cannot write to its spool directory ${spoolDirectory} (${cause}).`,
  );
}

/** Says that spans are lost. */
export function warnAboutLoss(outcome: Exclude<LossReason, 'encode_failed'>): void {
  const [code, why] =
    outcome === 'spool_full'
      ? ['SPANLEDGER_SPOOL_FULL', 'the spool has reached SPANLEDGER_SPOOL_MAX_BYTES']
      : ['SPANLEDGER_SPOOL_FAILED', 'the spool directory cannot be written'];
  warnOnce(
    code,
    `Spanledger loses audit records: ${why}. How many is reported as soon as there is room; the receiver sees the gap in the sequence.`,
  );
}

/** Says that the folder of this process is not where it was. */
export function warnAboutFolder(spoolDirectory: string, what: 'removed' | 'taken'): void {
  if (what === 'removed') {
    warnOnce(
      'SPANLEDGER_SPOOL_REMOVED',
      `Spanledger's spool directory ${spoolDirectory} was removed, and is made again. The receiver will see what was lost as a gap in the sequence.`,
    );
  } else {
    warnOnce(
      'SPANLEDGER_SPOOL_TAKEN',
      "Another process took this one's spool over, and sends it: this process was stopped for a minute, or the clocks of the two differ. It goes on in a new folder.",
    );
  }
}
