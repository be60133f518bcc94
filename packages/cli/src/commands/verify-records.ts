import { LedgerError } from '@spanledger/ledger';
import {
  verifyDocument,
  type DocumentReport,
  type VerificationFailureCode,
  type WitnessPolicy,
} from '@spanledger/ledger/verify';
import type { JsonObject } from '@spanledger/record';
import { describeLocation, locate, openPublicLog, type PublicLog } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { parseDocuments, readInputFile, readVkey } from '../input-files.ts';
import { numberAt, textAt } from '../output/document-fields.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderDocumentReport } from '../output/reports.ts';
import { formatCount, printable } from '../output/text.ts';
import type { VerifyOptions } from './verify.ts';
import { noteOwnKey } from './verify-ledger.ts';
import { readWitnessPolicy } from './witness-policy.ts';

/** What a record is held against. */
interface Evidence {
  vkey: string;
  /** What the log states about its keys. */
  keys?: string;
  policy: WitnessPolicy;
  /** The proof of a document, or why there is none. */
  proofOf: (document: JsonObject) => Promise<Proof>;
  /** Where the key came from, if it came from the log. */
  ownKeyOf?: string;
}

type Proof = { text: string } | { code: VerificationFailureCode; detail: string };

/** Verifies the records of a file and prints a report on each. */
export async function verifyRecords(file: string, options: VerifyOptions, context: Context): Promise<void> {
  const documents = parseDocuments(await readInputFile(file, context), file);
  const evidence = await gatherEvidence(documents.length, options, context);
  context.mustFinish = true;
  const keys = evidence.keys === undefined ? {} : { keys: evidence.keys };
  let failed = 0;
  for (const document of documents) {
    const proof = await evidence.proofOf(document);
    const report =
      'text' in proof
        ? verifyDocument({ document, proof: proof.text, vkey: evidence.vkey, ...keys, ...evidence.policy })
        : proof;
    if (!('ok' in report && report.ok)) failed += 1;
    context.out(renderOne(document, report, documents.length === 1, options, context));
  }
  if (options.json !== true) {
    if (documents.length > 1) {
      const good = formatCount(documents.length - failed);
      context.out(`\n${good} of ${formatCount(documents.length)} records verified.\n`);
    }
    if (evidence.ownKeyOf !== undefined) context.out(noteOwnKey(evidence.ownKeyOf));
  }
  context.exitCode = failed === 0 ? EXIT.good : EXIT.failed;
}

/** With both proof and key at hand nobody is asked; what is missing comes from the log. */
async function gatherEvidence(
  count: number,
  { proof, vkey, keys, ...options }: VerifyOptions,
  context: Context,
): Promise<Evidence> {
  if (proof !== undefined && count !== 1) {
    throw new CliError('usage', `--proof proves one record, and ${formatCount(count)} were given`);
  }
  const policy = await readWitnessPolicy(options, context);
  const given = proof === undefined ? undefined : { text: await readInputFile(proof, context) };
  const key = vkey === undefined ? undefined : await readVkey(vkey, context);
  const givenKeys = keys === undefined ? undefined : await readInputFile(keys, context);
  if (given !== undefined && key !== undefined) {
    const proofOf = (): Promise<Proof> => Promise.resolve(given);
    return { vkey: key, policy, proofOf, ...(givenKeys !== undefined && { keys: givenKeys }) };
  }
  const location = await locate(options, context);
  const log = await openPublicLog(location);
  const statements = givenKeys ?? (await log.keys());
  return {
    vkey: key ?? (await log.vkey()),
    ...(statements !== undefined && { keys: statements }),
    policy,
    proofOf: (document) => (given === undefined ? proveFrom(log, document) : Promise.resolve(given)),
    ...(key === undefined && { ownKeyOf: describeLocation(location) }),
  };
}

async function proveFrom(log: PublicLog, document: JsonObject): Promise<Proof> {
  const index = numberAt(document, 'audit.ledger.index');
  if (index === undefined || !Number.isSafeInteger(index) || index < 0) {
    return {
      code: 'document_malformed',
      detail: 'The document does not say at which place of the log it stands.',
    };
  }
  try {
    const text = await log.proof(index);
    return text === undefined
      ? {
          code: 'inclusion_unproven',
          detail: `The log has no entry ${index}, which is the place that the document names.`,
        }
      : { text };
  } catch (error) {
    // A log from which no proof can be made is a finding; one that cannot be asked is not.
    if (error instanceof LedgerError) return { code: 'inclusion_unproven', detail: error.message };
    throw error;
  }
}

/** A report as a line of JSON, in full, or in one line where there are many and it is good. */
function renderOne(
  document: JsonObject,
  report: DocumentReport | { code: VerificationFailureCode; detail: string },
  single: boolean,
  options: VerifyOptions,
  context: Context,
): string {
  const id = textAt(document, 'audit.record.id') ?? '(no id)';
  if (!('ok' in report)) {
    const { code, detail } = report;
    const failures = [{ code, place: {}, detail }];
    if (options.json === true) return renderJsonLine({ ok: false, id, failures, failuresTotal: 1 });
    return `${context.paint('bad', 'FAILED')}  record ${printable(id)}\n  ${printable(detail)}\n`;
  }
  if (options.json === true) return renderJsonLine(report);
  if (single || !report.ok) return renderDocumentReport(report, { paint: context.paint });
  return `${context.paint('good', 'VERIFIED')}  record ${printable(id)}\n`;
}
