import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { dataView, NANOSECONDS } from './data-view.ts';
import { discoverLink } from './links.ts';

/** The spans of ordinary telemetry, as the collector's Elasticsearch exporter and `telemetry.index` write them. */
export const tracesView: SavedObject = dataView({
  id: ids.traces,
  name: 'Spanledger: traces',
  pattern: 'traces-*.otel-*',
  formats: {
    duration: NANOSECONDS,
    span_id: discoverLink(ids.audit, 'span.id'),
    trace_id: discoverLink(ids.audit, 'trace.id'),
  },
});
