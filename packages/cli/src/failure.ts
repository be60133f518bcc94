import { ExporterError } from '@spanledger/audit-exporter';
import { QueryError } from '@spanledger/audit-exporter/query';
import { LedgerError } from '@spanledger/ledger';
import { RecordError } from '@spanledger/record';
import { CommanderError } from 'commander';
import { CliError, EXIT } from './errors.ts';

/** A failure as it is shown. */
export interface Failure {
  code: string;
  message: string;
  hint?: string;
  /** Where in the query the mistake is, from 0. */
  position?: number;
  exitCode: number;
}

const FAILED_CODES = new Set([
  'change_refused',
  'clock_ahead',
  'erasure_refused',
  'input_ambiguous',
  'legal_hold',
  'not_found',
  'retention_failed',
  'send_refused',
  'spool_sealed',
]);

const USAGE_CODES = new Set([
  'config_invalid',
  'cursor_invalid',
  'input_malformed',
  'origin_invalid',
  'policy_invalid',
  'request_malformed',
  'retention_unconfigured',
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
  if (FAILED_CODES.has(code)) return EXIT.failed;
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
