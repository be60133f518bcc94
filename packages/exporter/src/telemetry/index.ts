export { TelemetryWriter } from './telemetry-writer.ts';
export type { TelemetryStatus } from './telemetry-writer.ts';
