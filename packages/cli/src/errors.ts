/** What the command's exit status says. */
export const EXIT = {
  /** Done; what was to be verified verifies. */
  good: 0,
  /** A verification failed, or what was asked for by its name is not there. */
  failed: 1,
  /** The command line, the query or the configuration is wrong. */
  usage: 2,
  /** The service or the data directory cannot be reached or read. */
  unreachable: 3,
} as const;

/** Why a command failed on its own account; docs/errors.md explains each. */
export type CliErrorCode =
  | 'change_refused'
  | 'file_unreadable'
  | 'input_ambiguous'
  | 'input_malformed'
  | 'node_too_old'
  | 'not_found'
  | 'retention_failed'
  | 'send_refused'
  | 'spool_sealed'
  | 'usage';

/** What a command throws when it cannot do what it was asked. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** Stable; scripts may switch on it. */
  readonly code: CliErrorCode;
  /** One sentence that says what to do about it. */
  readonly hint: string | undefined;

  /**
   * @param code - stable reason
   * @param message - what happened
   * @param options - `hint`: what to do about it; `cause`: the error underneath
   */
  constructor(code: CliErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
