const warned = new Set<string>();

/** More causes than this in one process are not told one by one. */
const MAX_CAUSES = 100;

/**
 * Tells the operator about a problem: one line on standard error, once per cause for the life of the process. Never
 * throws, and never carries a value that came from a token, a header or a request.
 *
 * @param code - Stable name of the cause, such as `SPANLEDGER_SPOOL_FULL`.
 * @param message - One sentence: what happened, and what it means.
 */
export function warnOnce(code: string, message: string): void {
  if (warned.has(code) || warned.size >= MAX_CAUSES) return;
  warned.add(code);
  try {
    process.emitWarning(message, { type: 'SpanledgerWarning', code });
  } catch {
    // A `warning` listener of the application threw. That is not ours to handle here, nor the hook's that warned.
  }
}

/**
 * Runs a piece of our work inside the application's call: whatever it throws ends here, as a warning.
 *
 * @param what - Which work it is, as a code in the warning: `JOSE_JWT_VERIFY`.
 * @param work - The work.
 * @returns What the work returned, or undefined when it threw.
 */
export function guarded<T>(what: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    warnAboutFailure(what, error);
    return undefined;
  }
}

/** What {@link guarded} says, for code that runs too often for a closure. */
export function warnAboutFailure(what: string, error: unknown): void {
  warnOnce(
    `SPANLEDGER_${what}`,
    `Spanledger failed at something (${what.toLowerCase()}: ${describeError(error)}). The application is not affected, but a record may be missing.`,
  );
}

/** The class and code of an error, never its message: messages of others may quote what they were given. */
export function describeError(error: unknown): string {
  try {
    if (!(error instanceof Error)) return 'unknown error';
    return 'code' in error && typeof error.code === 'string' ? `${error.name} ${error.code}` : error.name;
  } catch {
    // Anything can be thrown, also an object that throws when it is looked at.
    return 'unknown error';
  }
}
