// OpenTelemetry as its documentation sets it up: every instrumentation there is, by environment, also for ES modules.
import { register } from 'import-in-the-middle/register-hooks.mjs';

register();
await import('@opentelemetry/auto-instrumentations-node/register');
