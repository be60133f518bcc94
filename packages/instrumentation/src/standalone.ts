/**
 * `node --import @spanledger/instrumentation-oidc/standalone app.mjs`
 *
 * `register`, and a tracer provider of its own as long as the application has none: for applications without
 * OpenTelemetry. Nothing is exported but the audit records.
 */
import { installedRuntime } from './global-runtime.ts';
import { registerRuntime } from './registration.ts';
import { guarded } from './warning.ts';

registerRuntime();
guarded('STANDALONE', () => installedRuntime()?.standIn.standAlone());
