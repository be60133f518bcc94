import { describeAssurance, showTime, type Assurance } from './assurance.ts';
import { FAILURE_MEANINGS, type VerificationFailure } from './failures.ts';
import type { DocumentReport, ReportedCheckpoint, ReportedKey, VerificationReport } from './report.ts';

/** How many failures and warnings the text shows; the report itself lists more. */
const MAX_SHOWN = 20;

/** How much of a producer's name the text shows, in UTF-16 code units. */
const MAX_NAME_SHOWN = 200;

/** A ledger's report for people: what was checked, what failed where and what that means, what remains open. */
export function formatReport(report: VerificationReport): string {
  const isOpaque = report.entries === 'opaque';
  const { size, verified, root, checkpoint, failuresTotal, warnings, warningsTotal } = report;
  const earlier = report.knownVerified + report.historyVerified;
  const seconds = report.elapsedMs / 1000;
  const lines = [
    `${report.ok ? 'VERIFIED' : 'FAILED'}  ${report.origin}${isOpaque ? ' — Merkle tree and signature only' : ''}`,
    '',
    `Entries:     ${count(verified)} of ${count(size)} verified: bytes, ${isOpaque ? 'Merkle tree; NOT CHECKED: hash chain and content' : 'hash chain, Merkle tree'}`,
    ...(report.pruned > 0
      ? [
          `Pruned:      ${count(report.pruned)} entries are not there any more, as the log itself states; their hashes are in the tree`,
        ]
      : []),
    `Root:        ${root === '' ? 'cannot be computed, entries are missing' : root}`,
    `Checkpoint:  ${describeCheckpoint(checkpoint)}`,
    ...describeWitnesses(report.assurance),
    ...(report.keys.length > 1 ? ['Keys:', ...report.keys.map(describeKey)] : []),
    ...(report.anchorsVerified > 0
      ? [`Anchors:     ${count(report.anchorsVerified)} that were kept elsewhere agree with it`]
      : []),
    ...(earlier > 0
      ? [`Earlier:     ${count(earlier)} checkpoints that this log published before agree with it`]
      : []),
    `Producers:   ${isOpaque ? 'not looked for' : describeProducers(report)}`,
    `Time:        ${seconds.toFixed(1)} s${seconds > 0.1 ? `, ${count(Math.round(size / seconds))} entries/s` : ''}`,
    ...describeFailures(report.failures, failuresTotal),
    ...describeExplainedGaps(report),
    ...section(`Warnings: ${count(warningsTotal)}`, warnings, warningsTotal, ({ detail }) => [`  ${detail}`]),
    '',
    ...describeReach(report.assurance),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** A document's report for people. */
export function formatDocumentReport(report: DocumentReport): string {
  const lines = [
    `${report.ok ? 'VERIFIED' : 'FAILED'}  record ${report.id ?? '(unknown)'}`,
    '',
    `Ledger:      ${report.origin}, entry ${report.index ?? '(unknown)'}`,
    `Hash:        ${report.hash ?? 'cannot be computed'}`,
    `Checkpoint:  ${describeCheckpoint(report.checkpoint)}`,
    ...describeWitnesses(report.assurance),
    `Groups:      proven ${names(report.opened)}; committed to, but not in the document (erased or withheld) ${names(report.closed)}`,
    ...describeFailures(report.failures, report.failuresTotal),
    '',
    ...describeReach(report.assurance),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function describeWitnesses({ witnesses = [] }: Assurance): string[] {
  return witnesses.map(({ name, size, timeS = 0 }) => {
    const signed =
      size === undefined ? 'nothing that was seen here' : `size ${count(size)} at ${showTime(timeS)}`;
    return `Witness:     ${name} signed ${signed}`;
  });
}

function describeProducers({ producers, producersTotal }: VerificationReport): string {
  const gaps = producers.filter(({ missing }) => missing.length > 0).length;
  const skipped = producers.reduce((sum, producer) => sum + producer.skipped, 0);
  const leftOut = skipped === 0 ? '' : `; ${count(skipped)} spans left out by the audit policy`;
  const unexplained = producers.filter((producer) => producer.unexplained.length > 0).length;
  const rest =
    gaps === 0 ? '' : `, ${unexplained === 0 ? 'all explained' : `unexplained of ${count(unexplained)}`}`;
  return `${count(producersTotal)}, ${gaps === 0 ? 'none' : count(gaps)} with numbers that are not in the log${rest}${leftOut}`;
}

function describeExplainedGaps({ producers }: VerificationReport): string[] {
  const gaps = producers.flatMap(({ streamId, explained }) => explained.map((gap) => ({ streamId, ...gap })));
  const title = `Explained gaps: ${count(gaps.length)} (numbers that are not in the log, and the record that accounts for them)`;
  return section(title, gaps, gaps.length, ({ streamId, from, to, by, reason, index }) => [
    `  producer ${streamId.slice(0, MAX_NAME_SHOWN)}: ${from === to ? from : `${from}–${to}`} — ${
      by === 'lost'
        ? `its producer lost them${reason === undefined ? '' : ` (${reason})`}, entry ${index}`
        : `found missing while the service ran, entry ${index}; not arrived since`
    }`,
  ]);
}

function describeReach(assurance: Assurance): string[] {
  return [
    `Assurance: ${describeAssurance(assurance)}. What this cannot exclude:`,
    ...assurance.cannotExclude.map((possibility) => `  ${possibility}`),
  ];
}

function describeCheckpoint(checkpoint: ReportedCheckpoint | undefined): string {
  if (checkpoint === undefined) return 'none that can be read';
  const { size, root, signers } = checkpoint;
  return `size ${count(size)}, root ${root}, ${signers.length === 0 ? 'no good signature' : `signed by ${signers.join(', ')}`}`;
}

function describeKey({ vkey, state, from, until }: ReportedKey): string {
  const span =
    until === undefined ? `from size ${count(from)} on` : `sizes ${count(from)} to ${count(until - 1)}`;
  return `  ${vkey}  ${state}, ${span}`;
}

function describeFailures(failures: readonly VerificationFailure[], total: number): string[] {
  return section(`Failures: ${count(total)}`, failures, total, ({ code, place, detail }) => [
    `  ${describePlace(place)} — ${code}`,
    `    ${detail}`,
    `    ${FAILURE_MEANINGS[code]}`,
  ]);
}

function describePlace({ index, path, field }: VerificationFailure['place']): string {
  const parts = [index === undefined ? undefined : `entry ${index}`, path, field].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? 'as a whole' : parts.join(', ');
}

function section<T>(
  title: string,
  items: readonly T[],
  total: number,
  describe: (item: T) => string[],
): string[] {
  if (total === 0) return [];
  const shown = items.slice(0, MAX_SHOWN);
  const rest = total - shown.length;
  return ['', title, ...shown.flatMap(describe), ...(rest > 0 ? [`  … and ${count(rest)} more`] : [])];
}

function names(list: readonly string[]): string {
  return list.length === 0 ? 'none' : list.join(', ');
}

/** Thousands separated, the same in every locale. */
function count(value: number): string {
  return `${value}`.replace(/\B(?=([0-9]{3})+$)/g, ',');
}

/** Texts out of a hostile log must not reach a terminal as control sequences. */
function printable(line: string): string {
  return line.replace(/\p{C}/gu, '\uFFFD');
}
