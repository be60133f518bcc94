/**
 * What lies in a spool, for tools that look at it from outside. It reads files only, changes nothing, and imports
 * nothing of OpenTelemetry.
 */
export { findSpools, inspectSpool } from './diagnostics/spool-inspection.ts';
export type {
  LostRecords,
  ProducerInspection,
  RejectedInspection,
  SpoolInspection,
  WriterState,
} from './diagnostics/spool-inspection.ts';
