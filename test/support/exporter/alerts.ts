import { randomUUID } from 'node:crypto';
import { dataDirectory } from '@spanledger/audit-exporter';
import { openLedger } from '@spanledger/ledger';
import { AUDIT_SCHEMA_VERSION, ECS_VERSION, type RecordDraft } from '@spanledger/record';
import { Closers } from '../../../packages/exporter/src/closers.ts';
import { lockDirectory } from '../../../packages/exporter/src/directory-lock.ts';
import { loadLogIdentity } from '../../../packages/exporter/src/log-identity.ts';
import {
  fileEpochKeys,
  loadKek,
  loadReferenceKey,
  References,
  rememberReferences,
  Vault,
} from '../../../packages/exporter/src/privacy/index.ts';
import { Intake, Producers } from '../../../packages/exporter/src/receive/index.ts';
import { testConfig } from './service.ts';

/** What of an alert matters to a test. */
export interface AlertWish {
  id?: string;
  rule?: string;
  action?: 'raised' | 'acknowledged' | 'resolved';
  severity?: 'low' | 'medium' | 'high' | 'critical';
  user?: string;
  address?: string;
  message?: string;
}

/** The draft of an alert record. */
export function alertDraft(wish: AlertWish = {}): RecordDraft {
  const { id = `alert-${randomUUID()}`, rule = 'failed-logins-per-user', action = 'raised' } = wish;
  const {
    severity = 'high',
    user = 'alice-4711',
    address = '203.0.113.7',
    message = 'five failed logins',
  } = wish;
  const at = '2026-11-22T10:00:05.000000000Z';
  return {
    id,
    subject: { issuer: 'https://idp.example', id: user, type: 'user' },
    clear: {
      '@timestamp': at,
      audit: {
        action: 'ALERT',
        alert: { count: 5, first: at, id: `of ${id}`, last: at, severity, status: 'open' },
        outcome: 'unknown',
        record: { id },
        schema: { version: AUDIT_SCHEMA_VERSION },
      },
      ecs: { version: ECS_VERSION },
      event: {
        action: `alert.${action}`,
        category: ['authentication'],
        dataset: 'spanledger.audit',
        kind: 'alert',
        module: 'spanledger',
        outcome: 'unknown',
        severity: 73,
        type: ['info'],
      },
      rule: { description: 'Five failed logins.', id: rule, name: 'Repeated failed logins', version: '1' },
    },
    groups: {
      content: { message },
      identity: { user: { id: user } },
      network: { client: { address } },
    },
  };
}

/** Appends records of the service's own to a data directory whose service does not run. */
export async function appendDrafts(directory: string, drafts: readonly RecordDraft[]): Promise<void> {
  const paths = dataDirectory(directory);
  const closers = new Closers();
  try {
    const storage = await lockDirectory(paths.root);
    closers.add(() => storage.release());
    const kek = await loadKek(paths.kekFile, undefined, false);
    const { signers } = await loadLogIdentity(paths, testConfig(directory));
    const [signer, ...laterSigners] = signers;
    const epochKeys = fileEpochKeys(paths.epochKeys, kek);
    const vault = new Vault({ file: paths.vaultFile, kek });
    closers.add(() => {
      vault.close();
    });
    const ledger = await openLedger({
      storage,
      signer,
      signers: laterSigners,
      epochKeys,
      publishIntervalMs: 20,
      segmentMaxAgeMs: 1_000,
      onError: (error) => {
        throw error;
      },
    });
    closers.add(() => ledger.close());
    const references = new References(await loadReferenceKey(paths.referenceKeyFile, kek, false), vault);
    await rememberReferences(ledger.journal, references);
    await new Intake({ ledger, references, producers: new Producers() }).record(drafts);
    await ledger.published(ledger.sizes().durable);
  } finally {
    await closers.close();
  }
}
