export { TelemetryWriter } from './telemetry-writer.ts';
