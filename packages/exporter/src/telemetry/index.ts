export { TelemetryWriter } from './telemetry-writer.ts';
export { spanDocument, telemetryJson } from './otel-documents.ts';
