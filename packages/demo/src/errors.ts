/** What can go wrong in the demo itself. */
export type DemoErrorCode = 'child_failed' | 'child_timeout' | 'directory_unusable' | 'interrupted';

/** The demo could not be shown. */
export class DemoError extends Error {
  readonly code: DemoErrorCode;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(code: DemoErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'DemoError';
    this.code = code;
    this.hint = options.hint;
  }
}
