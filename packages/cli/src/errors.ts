import { ExporterError } from '@spanledger/audit-exporter';
import { QueryError } from '@spanledger/audit-exporter/query';
import { LedgerError } from '@spanledger/ledger';
import { RecordError } from '@spanledger/record';
import { CommanderError } from 'commander';

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

/** A failure as it is shown. */
export interface Failure {
  code: string;
  message: string;
  hint?: string;
  /** Where in the query the mistake is, from 0. */
  position?: number;
  exitCode: number;
}

const USAGE_CODES = new Set([
  'config_invalid',
  'cursor_invalid',
  'input_malformed',
  'origin_invalid',
  'request_malformed',
  'usage',
]);

/**
 * Puts any error into the form that is shown; one that nobody foresaw keeps its message and says so.
 *
 * @param command - the command that was called, for whose help a usage error asks
 */
export function describeError(error: unknown, command?: string): Failure {
  if (error instanceof QueryError) {
    const { code, message, hint, position } = error;
    return { code, message, hint, position, exitCode: EXIT.usage };
  }
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    const hint = `See spanledger ${command === undefined ? '' : `${command} `}--help.`;
    return { code: 'usage', message, hint, exitCode: EXIT.usage };
  }
  if (
    error instanceof CliError ||
    error instanceof ExporterError ||
    error instanceof LedgerError ||
    error instanceof RecordError
  ) {
    return {
      code: error.code,
      message: withCause(error),
      ...(error.hint !== undefined && { hint: error.hint }),
      exitCode: exitCodeOf(error.code),
    };
  }
  return {
    code: 'unexpected',
    message: error instanceof Error ? withCause(error) : String(error),
    hint: 'Nobody foresaw this. Please report it, with the command line.',
    exitCode: EXIT.unreachable,
  };
}

function exitCodeOf(code: string): number {
  if (code === 'not_found' || code === 'input_ambiguous' || code === 'change_refused') return EXIT.failed;
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.unreachable;
}

/** The message, with the innermost cause where that says more: "… does not answer (connect ECONNREFUSED …)". */
function withCause(error: Error): string {
  let innermost: unknown = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (!(innermost instanceof Error) || innermost === error || error.message.includes(innermost.message)) {
    return error.message;
  }
  return innermost.message === '' ? error.message : `${error.message} (${innermost.message})`;
}
