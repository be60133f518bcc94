export type { PollConfig, ProviderConfig, SharedSignalsConfig, VerificationConfig } from './provider.ts';
export { signalRoutes } from './routes.ts';
export type { FindByEmail } from './provider-inbox.ts';
export { Signals } from './signals.ts';
