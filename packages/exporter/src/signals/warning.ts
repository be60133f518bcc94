import type { Trouble } from '../trouble.ts';

/** What is to be told of providers, and keeps nobody from their work; docs/errors.md explains each. */
export type SignalWarningCode =
  'provider_keys_missing' | 'provider_keys_stale' | 'signals_poll_failing' | 'signals_stream_unverified';

/** One of them. */
export interface SignalWarning extends Trouble {
  code: SignalWarningCode;
}
