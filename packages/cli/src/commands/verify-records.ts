import type { Archive } from '@spanledger/audit-exporter';
import { verifyDocument, type DocumentReport } from '@spanledger/ledger/verify';
import type { JsonObject } from '@spanledger/record';
import { describeLocation, withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { parseDocuments, readInputFile, readVkey } from '../input-files.ts';
import { numberAt, textAt } from '../output/document-fields.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderDocumentReport } from '../output/reports.ts';
import { formatCount, printable } from '../output/text.ts';
import type { VerifyOptions } from './verify.ts';
import { noteOwnKey } from './verify-ledger.ts';

/** What a record is held against. */
interface Evidence {
  vkey: string;
  /** The proof of a document; undefined where the log has none for it. */
  proofOf: (document: JsonObject) => Promise<string | undefined>;
  /** Where the key came from, if it came from the log. */
  ownKeyOf: string | undefined;
}

/** Verifies the records of a file and prints a report on each. */
export async function verifyRecords(file: string, options: VerifyOptions, context: Context): Promise<void> {
  const documents = parseDocuments(await readInputFile(file, context), file);
  if (options.proof !== undefined && options.vkey !== undefined) {
    const evidence = await readEvidence(options.proof, options.vkey, documents.length, context);
    await reportOn(documents, evidence, options, context);
    return;
  }
  await withArchive(options, context, async (archive, location) => {
    const { proof, vkey } = options;
    const key = vkey === undefined ? await archive.vkey() : await readVkey(vkey, context);
    const evidence =
      proof === undefined
        ? { vkey: key, proofOf: (document: JsonObject) => askProof(archive, document), ownKeyOf: undefined }
        : await readEvidence(proof, key, documents.length, context);
    const ownKeyOf = vkey === undefined ? describeLocation(location) : undefined;
    await reportOn(documents, { ...evidence, ownKeyOf }, options, context);
  });
}

async function readEvidence(file: string, vkey: string, count: number, context: Context): Promise<Evidence> {
  if (count !== 1) {
    throw new CliError('usage', `--proof proves one record, and ${formatCount(count)} were given`);
  }
  const proof = await readInputFile(file, context);
  return { vkey: await readVkey(vkey, context), proofOf: () => Promise.resolve(proof), ownKeyOf: undefined };
}

/** By the index first: it is the cheaper question, and both lead to the same entry if the record is genuine. */
async function askProof(archive: Archive, document: JsonObject): Promise<string | undefined> {
  const id = numberAt(document, 'audit.ledger.index') ?? textAt(document, 'audit.record.id');
  return id === undefined ? undefined : archive.proof(String(id));
}

async function reportOn(
  documents: readonly JsonObject[],
  { vkey, proofOf, ownKeyOf }: Evidence,
  options: VerifyOptions,
  context: Context,
): Promise<void> {
  let failed = 0;
  for (const document of documents) {
    const proof = await proofOf(document);
    const report = proof === undefined ? undefined : verifyDocument({ document, proof, vkey });
    if (report?.ok !== true) failed += 1;
    context.out(renderOne(document, report, documents.length === 1, options, context));
  }
  if (options.json !== true) {
    if (documents.length > 1) {
      const good = formatCount(documents.length - failed);
      context.out(`\n${good} of ${formatCount(documents.length)} records verified.\n`);
    }
    if (ownKeyOf !== undefined) context.out(noteOwnKey(ownKeyOf));
  }
  context.exitCode = failed === 0 ? EXIT.good : EXIT.failed;
}

/** A report as a line of JSON, in full, or in one line where there are many and it is good. */
function renderOne(
  document: JsonObject,
  report: DocumentReport | undefined,
  single: boolean,
  options: VerifyOptions,
  context: Context,
): string {
  const id = textAt(document, 'audit.record.id') ?? '(no id)';
  if (report === undefined) {
    const detail = 'The log has no entry at the place that this record names.';
    const failures = [{ code: 'record_not_found', place: {}, detail }];
    if (options.json === true) return renderJsonLine({ ok: false, id, failures, failuresTotal: 1 });
    return `${context.paint('bad', 'FAILED')}  record ${printable(id)}\n  ${detail}\n`;
  }
  if (options.json === true) return renderJsonLine(report);
  if (single || !report.ok) return renderDocumentReport(report, { paint: context.paint });
  return `${context.paint('good', 'VERIFIED')}  record ${printable(id)}\n`;
}
