/** Why an operation of the ledger failed; callers `switch` on it. docs/errors.md explains each. */
export type LedgerErrorCode =
  | 'append_failed'
  | 'batch_malformed'
  | 'batch_too_large'
  | 'checkpoint_invalid'
  | 'entry_too_large'
  | 'epoch_key_missing'
  | 'integrate_failed'
  | 'journal_damaged'
  | 'journal_read_failed'
  | 'key_invalid'
  | 'key_missing'
  | 'keys_invalid'
  | 'ledger_busy'
  | 'ledger_closed'
  | 'ledger_damaged'
  | 'ledger_full'
  | 'ledger_locked'
  | 'origin_invalid'
  | 'out_of_range'
  | 'publish_failed'
  | 'quorum_missing'
  | 'rotation_refused'
  | 'segment_in_use'
  | 'tile_missing'
  | 'witness_listen_failed'
  | 'witness_state_damaged'
  | 'witness_state_missing';

/** What else a {@link LedgerError} carries. */
export interface LedgerErrorOptions {
  /** The error that caused this one. */
  cause?: unknown;
  /** What the reader can do about it. */
  hint?: string;
}

/** The one error class of the ledger's engine: broken I/O, damaged files and refused requests. */
export class LedgerError extends Error {
  override readonly name: string = 'LedgerError';
  /** Stable; the message is not. */
  readonly code: LedgerErrorCode;
  /** What the reader can do about it. */
  readonly hint: string | undefined;

  constructor(code: LedgerErrorCode, message: string, options: LedgerErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hint = options.hint;
  }
}
