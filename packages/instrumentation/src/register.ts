/**
 * `node --import @spanledger/instrumentation-oidc/register app.mjs`
 *
 * Nothing that this module reaches in the application's thread imports `@opentelemetry/api`.
 */
import { registerRuntime } from './registration.ts';

registerRuntime();
