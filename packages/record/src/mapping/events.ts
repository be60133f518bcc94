import { MAX_LIST_LENGTH } from '../limits.ts';
import type { OtlpEvent, OtlpValue } from '../span.ts';
import { formatNanos } from './timestamp.ts';

/**
 * Span events that become no record of their own (an exception, for one), as they stand in `span.events` of the
 * content group. One more than is kept is passed on, so that the list's limit notices the cut.
 */
export function spanEvents(events: readonly OtlpEvent[]): OtlpValue[] {
  return events.slice(0, MAX_LIST_LENGTH + 1).map((event) => ({
    attributes: Object.fromEntries(event.attributes),
    name: event.name,
    time: formatNanos(event.timeUnixNano),
  }));
}
