import type { LedgerFact, ProviderEvent, ReconciliationReport } from '@spanledger/audit-exporter';
import type { Paint } from './paint.ts';
import { renderTable, type Column } from './table.ts';
import { formatTime } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TIME', maxWidth: 35 },
  { title: 'MISSING', maxWidth: 16 },
  { title: 'WHAT', maxWidth: 40 },
  { title: 'CLIENT', maxWidth: 24 },
  { title: 'WHO', maxWidth: 40 },
  { title: 'SESSION', maxWidth: 40 },
  { title: 'ERROR', maxWidth: 32 },
];

/** A table of what one side has and the other has not, oldest first. */
export function renderReconciliation(report: ReconciliationReport, paint: Paint): string {
  const rows = [
    ...report.missingInLedger.map((event) => ({ atMs: event.atMs, cells: describeEvent(event) })),
    ...report.missingAtProvider.map((record) => ({ atMs: record.atMs, cells: describeRecord(record) })),
  ];
  const cells = rows.toSorted((a, b) => a.atMs - b.atMs).map((row) => row.cells);
  return renderTable(COLUMNS, cells, paint);
}

/** The same for machines. */
export function describeReconciliation(report: ReconciliationReport): object {
  const { provider, issuer, fromMs, toMs } = report;
  return {
    provider,
    issuer,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    provider_events: report.providerEvents,
    ledger_records: report.ledgerRecords,
    missing_in_ledger: report.missingInLedger.map((event) => ({
      id: event.id,
      time: new Date(event.atMs).toISOString(),
      type: event.type,
      outcome: event.outcome,
      client_id: event.clientId,
      user_id: event.userId,
      session_id: event.sessionId,
      token_id: event.tokenId,
      address: event.address,
      error: event.error,
    })),
    missing_at_provider: report.missingAtProvider.map((record) => ({
      record_id: record.recordId,
      time: new Date(record.atMs).toISOString(),
      action: record.action,
      client_id: record.clientId,
      user_id: record.userId,
      session_id: record.sessionId,
      token_id: record.tokenId,
    })),
  };
}

function describeEvent(event: ProviderEvent): string[] {
  const { atMs, type, clientId = '', userId, userName, sessionId = '', error = '' } = event;
  return [
    formatTime(new Date(atMs).toISOString()),
    'in the ledger',
    type,
    clientId,
    userName ?? userId ?? '',
    sessionId,
    error,
  ];
}

function describeRecord({ atMs, action, clientId = '', userId = '', sessionId = '' }: LedgerFact): string[] {
  return [
    formatTime(new Date(atMs).toISOString()),
    'at the provider',
    action,
    clientId,
    userId,
    sessionId,
    '',
  ];
}
