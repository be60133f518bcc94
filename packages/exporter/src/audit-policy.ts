import type { Ledger, LedgerReader } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import type { Closers } from './closers.ts';
import type { DataDirectory } from './data-directory.ts';
import type { PolicyConfig } from './config/policy.ts';
import { findLoggedRecords } from './logged-records.ts';
import { PolicyInForce, policyChangedRecord, SkipJournal } from './policy/index.ts';
import type { Producers } from './receive/index.ts';
import { readStateFile, writeStateFile } from './state-file.ts';

/** What an audit policy takes of the service. */
export interface AuditPolicyOptions {
  /** Undefined: there is no policy, and everything is recorded whole. */
  policy: PolicyConfig | undefined;
  paths: Pick<DataDirectory, 'policyFile' | 'policySkips'>;
  ledger: Pick<Ledger, 'published' | 'sizes'>;
  reader: Pick<LedgerReader, 'entries'>;
  producers: Pick<Producers, 'addNumbers'>;
  append: (drafts: readonly RecordDraft[]) => Promise<void>;
  closers: Closers;
  log: Logger;
}

/**
 * Puts the configured policy in force. What an earlier run left out and did not bring into the ledger is brought there,
 * whether or not there is a policy now; that there is none any more is a record too.
 *
 * @throws ExporterError `policy_invalid`
 */
export async function startPolicy(options: AuditPolicyOptions): Promise<PolicyInForce | undefined> {
  const { policy, paths, ledger, reader, producers, append, closers, log } = options;
  const journal = new SkipJournal({
    directory: paths.policySkips,
    windowMs: policy?.skipWindowMs ?? 0,
    append,
    size: () => ledger.sizes().durable,
    find: (ids, from) => findLoggedRecords({ ledger, reader }, ids, from),
    onError: (error) => {
      log.error({ err: error }, 'accounting for spans that the policy leaves out failed and is tried again');
    },
  });
  for (const { producer } of await journal.recover()) {
    if (producer !== undefined) producers.addNumbers(producer.streamId, [producer.number, producer.number]);
  }
  closers.add(() => journal.close());
  const recorded = (await readStateFile(paths.policyFile))?.trim() ?? '';
  if (policy === undefined) {
    if (recorded === '') return undefined;
    await append([policyChangedRecord({ reason: 'removed' }, Date.now())]);
    await writeStateFile(paths.policyFile, '\n');
    log.warn('there is no audit policy any more: everything is recorded whole');
    return undefined;
  }
  const inForce = new PolicyInForce({ file: policy.file, journal, append: (draft) => append([draft]), log });
  await inForce.start();
  closers.add(() => inForce.stop());
  // That there was one is what the next start has to know.
  if (recorded === '') await writeStateFile(paths.policyFile, `${inForce.sha256}\n`);
  const { sha256, rules } = inForce.describe();
  log.info({ file: policy.file, sha256, rules }, 'the audit policy is in force');
  return inForce;
}
