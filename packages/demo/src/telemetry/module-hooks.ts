/**
 * Lets OpenTelemetry's instrumentations reach what a program imports as ES modules; without it they see `require` only,
 * and the shop's HTTP spans have no route. It does what OpenTelemetry's documented
 * `--experimental-loader=@opentelemetry/instrumentation/hook.mjs` does, without that option's warning.
 */
import { register } from 'import-in-the-middle/register-hooks.mjs';

register();
