import { createHash } from 'node:crypto';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import { type OwnRecord, ownRecord, THE_SERVICE } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';
import type { LedgerFact, ProviderEvent, ReconciliationReport } from './fact.ts';

/** As many digits of a digest name an issuer among those of one ledger. */
const ISSUER_DIGITS = 16;

/** The provider of a reconciliation. */
type Sides = Pick<ReconciliationReport, 'issuer' | 'provider'>;

/** `audit.record.id` of the record of a window: by its beginning, for a window that is done again may end later. */
function windowRecordId(issuer: string, fromMs: number): string {
  return `reconciliation-${issuerDigest(issuer)}-${fromMs}`;
}

/** The records of a window: one for each thing that one side lacks, and one that tells of the whole. */
export function findingRecords(report: ReconciliationReport, nowMs: number): RecordDraft[] {
  return [
    ...report.missingInLedger.map((event) => missingInLedger(report, event)),
    ...report.missingAtProvider.map((record) => missingAtProvider(report, record)),
    windowRecord(report, nowMs),
  ];
}

function windowRecord(report: ReconciliationReport, nowMs: number): RecordDraft {
  const { fromMs, toMs, providerEvents, ledgerRecords } = report;
  const id = windowRecordId(report.issuer, fromMs);
  const counts = { in_ledger: report.missingInLedger.length, at_provider: report.missingAtProvider.length };
  const isSame = counts.in_ledger + counts.at_provider === 0;
  return ownRecord({
    id,
    timestamp: timestampOf(nowMs),
    subject: THE_SERVICE,
    audit: {
      action: 'RECONCILE',
      outcome: isSame ? 'success' : 'failure',
      reconciliation: {
        from: timestampOf(fromMs),
        to: timestampOf(toMs),
        provider_events: providerEvents,
        ledger_records: ledgerRecords,
        missing_in_ledger: counts.in_ledger,
        missing_at_provider: counts.at_provider,
      },
    },
    event: {
      action: 'reconciliation.completed',
      category: ['iam'],
      provider: report.provider,
      type: ['info'],
    },
    clear: { oidc: { issuer: report.issuer } },
  });
}

function missingInLedger(sides: Sides, event: ProviderEvent): RecordDraft {
  const { clientId, error, grantType, details } = event;
  const id = `reconciliation-${issuerDigest(sides.issuer)}-${event.id}`;
  const attributes = Object.fromEntries(
    Object.entries(details).map(([name, value]) => [`${sides.provider}.${name}`, value]),
  );
  return finding(sides, event, {
    id,
    audit: { action: 'RECONCILE', outcome: event.outcome },
    event: {
      action: 'reconciliation.missing_in_ledger',
      category: [...event.category],
      code: event.type,
      type: event.outcome === 'failure' ? ['denied', 'info'] : ['info'],
    },
    oidc: {
      ...(clientId !== undefined && { client_id: clientId }),
      ...(error !== undefined && { error }),
      ...(grantType !== undefined && { grant_type: grantType }),
    },
    content: Object.keys(attributes).length === 0 ? {} : { attributes },
  });
}

function missingAtProvider(sides: Sides, record: LedgerFact): RecordDraft {
  return finding(sides, record, {
    id: `reconciliation-${issuerDigest(sides.issuer)}-${record.recordId}`,
    audit: {
      action: 'RECONCILE',
      outcome: 'unknown',
      target: { id: record.recordId, type: 'audit.record' },
    },
    event: {
      action: 'reconciliation.missing_at_provider',
      category: ['authentication'],
      code: record.action,
      type: ['info'],
    },
    oidc: { ...(record.clientId !== undefined && { client_id: record.clientId }) },
    content: {},
  });
}

/** What both kinds of findings have. */
interface FindingParts {
  id: string;
  audit: OwnRecord['audit'];
  event: OwnRecord['event'];
  oidc: JsonObject;
  content: JsonObject;
}

/** Whom a finding is about. */
type About = Pick<ProviderEvent, 'atMs'> &
  Partial<Pick<ProviderEvent, 'address' | 'clientId' | 'sessionId' | 'tokenId' | 'userId' | 'userName'>>;

function finding(sides: Sides, about: About, parts: FindingParts): RecordDraft {
  const { issuer, provider } = sides;
  const { sessionId, tokenId, userId, userName, address } = about;
  const identity: JsonObject = {
    ...((userId !== undefined || userName !== undefined) && {
      user: {
        ...(userId !== undefined && { id: userId }),
        ...(userName !== undefined && { name: userName }),
      },
    }),
    ...((sessionId !== undefined || tokenId !== undefined) && {
      oidc: {
        ...(sessionId !== undefined && { session: { id: sessionId } }),
        ...(tokenId !== undefined && { token: { id: tokenId } }),
      },
    }),
  };
  const network: JsonObject = address === undefined ? {} : { client: { address } };
  return ownRecord({
    id: parts.id,
    timestamp: timestampOf(about.atMs),
    subject: subjectOf(issuer, about),
    ...(sessionId !== undefined && { session: { issuer, id: sessionId } }),
    audit: parts.audit,
    event: { ...parts.event, provider },
    clear: { oidc: { ...parts.oidc, issuer } },
    groups: {
      ...(Object.keys(parts.content).length > 0 && { content: parts.content }),
      ...(Object.keys(identity).length > 0 && { identity }),
      ...(Object.keys(network).length > 0 && { network }),
    },
  });
}

function subjectOf(issuer: string, { userId, clientId }: About): NonNullable<RecordDraft['subject']> {
  if (userId !== undefined) return { issuer, id: userId, type: 'user' };
  if (clientId !== undefined) return { issuer, id: clientId, type: 'service' };
  return THE_SERVICE;
}

function issuerDigest(issuer: string): string {
  return createHash('sha256').update(issuer).digest('hex').slice(0, ISSUER_DIGITS);
}
