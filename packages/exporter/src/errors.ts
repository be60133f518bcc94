/** Every way in which the exporter fails that a caller may want to tell apart; docs/errors.md explains each. */
export type ExporterErrorCode =
  | 'archive_missing'
  | 'archive_refused'
  | 'archive_unreachable'
  | 'clock_ahead'
  | 'config_invalid'
  | 'cursor_invalid'
  | 'data_directory_locked'
  | 'data_directory_unusable'
  | 'delivery_damaged'
  | 'elasticsearch_busy'
  | 'elasticsearch_failed'
  | 'elasticsearch_refused'
  | 'elasticsearch_unreachable'
  | 'elasticsearch_untrusted'
  | 'erasure_refused'
  | 'index_damaged'
  | 'key_missing'
  | 'key_mismatch'
  | 'ledger_damaged'
  | 'legal_hold'
  | 'listen_failed'
  | 'not_found'
  | 'permission_denied'
  | 'privacy_state_damaged'
  | 'policy_invalid'
  | 'provider_refused'
  | 'provider_unreachable'
  | 'request_malformed'
  | 'request_too_large'
  | 'request_type_unsupported'
  | 'retention_unconfigured'
  | 'service_busy'
  | 'tokens_damaged'
  | 'tokens_full'
  | 'unauthenticated'
  | 'vault_ahead'
  | 'vault_damaged'
  | 'vault_mismatch'
  | 'vault_missing';

/** What the exporter throws when something outside the program is wrong: a file, a key, a request, a network. */
export class ExporterError extends Error {
  override readonly name = 'ExporterError';
  readonly code: ExporterErrorCode;
  /** One sentence that says what to do about it. */
  readonly hint: string | undefined;

  /**
   * @param code - stable; callers switch on it
   * @param message - what happened, naming the file, field or address; never a person's data or a secret
   * @param options - `hint`: what to do about it; `cause`: the error underneath
   */
  constructor(code: ExporterErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
