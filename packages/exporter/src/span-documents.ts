import { formatNanos } from '@spanledger/record';
import { decodeTraceRequest, KeyTable } from './receive/index.ts';
import { spanDocument, telemetryJson } from './telemetry/index.ts';

/**
 * Reads the spans of an `ExportTraceServiceRequest` in protobuf.
 *
 * @returns each as a JSON object with the members that the otel mapping of the collector's Elasticsearch exporter gives
 *   it; `@timestamp` is RFC 3339
 * @throws ExporterError `request_malformed`, `request_too_large`
 */
export function readSpanDocuments(request: Uint8Array): string[] {
  return decodeTraceRequest(request, new KeyTable()).flatMap((group) =>
    group.spans.map((span) => {
      const { data_stream: _, ...document } = spanDocument(span, group, '');
      return telemetryJson({ ...document, '@timestamp': formatNanos(span.startTimeUnixNano) });
    }),
  );
}
