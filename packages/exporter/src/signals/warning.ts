import type { Trouble } from '../trouble.ts';

/** What is to be told of providers, and keeps nobody from their work; docs/errors.md explains each. */
export type SignalWarningCode = 'provider_keys_missing' | 'provider_keys_stale';

/** One of them. */
export interface SignalWarning extends Trouble {
  code: SignalWarningCode;
}
