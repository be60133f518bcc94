import { EVENT_AUDIT_ACTION } from '@spanledger/record';
import type { RecordedSpan } from '../otlp/recorded-span.ts';

const SAMPLED = 1;

/** Whether the application's own exporters send the span. */
export function isSampled(span: RecordedSpan): boolean {
  return (span.spanContext().traceFlags & SAMPLED) !== 0;
}

/** Whether a span carries an event of this package: something about a token or a session, or a business action. */
export function tellsOfLifecycle({ events }: RecordedSpan): boolean {
  return events.some(({ name }) => name.startsWith('oidc.') || name === EVENT_AUDIT_ACTION);
}
