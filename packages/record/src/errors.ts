/**
 * What went wrong with a record, a document or a batch:
 *
 * - `value_not_json`: a value has no JSON form (NaN, Infinity, undefined, a function, a lone surrogate);
 * - `value_too_deep`: a value is nested deeper than `MAX_JSON_DEPTH`;
 * - `record_malformed`: bytes that are no JSON object, or no audit record;
 * - `record_not_canonical`: JSON, but not in its RFC 8785 form;
 * - `document_malformed`: an opened document without the members that closing it needs, or with a conflict;
 * - `batch_too_large`: more drafts than `MAX_BATCH_ENTRIES`;
 * - `entry_too_large`: a record that stays over `MAX_ENTRY_BYTES` after everything that may be cut was cut.
 */
export type RecordErrorCode =
  | 'value_not_json'
  | 'value_too_deep'
  | 'record_malformed'
  | 'record_not_canonical'
  | 'document_malformed'
  | 'batch_too_large'
  | 'entry_too_large';

/** The one error class of this package; callers switch on `code`. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  /** Stable, machine-readable reason. */
  readonly code: RecordErrorCode;
  /** What the caller can do about it, where there is something. */
  readonly hint: string | undefined;

  /**
   * @param code - The stable reason.
   * @param message - One sentence for a person.
   * @param options - `cause` is the error underneath, `hint` says what to do.
   */
  constructor(code: RecordErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hint = options.hint;
  }
}
