/**
 * What lies in a spool, and what is installed in an application, for tools that look from outside. It reads files only,
 * changes nothing, loads nothing, and imports nothing of OpenTelemetry.
 */
export { inspectApp } from './diagnostics/app-inspection.ts';
export type {
  AppInspection,
  FoundPackage,
  LibraryCopy,
  UncoveredReason,
} from './diagnostics/app-inspection.ts';
export { listRefusedRequests, openRefusedRequest } from './diagnostics/refused-requests.ts';
export type { OpenedRequest, RefusedRequest } from './diagnostics/refused-requests.ts';
export { findSpools, inspectSpool } from './diagnostics/spool-inspection.ts';
export type {
  LostRecords,
  ProducerInspection,
  RejectedInspection,
  SpoolInspection,
  WriterState,
} from './diagnostics/spool-inspection.ts';
