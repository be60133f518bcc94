import { checkCheckpoint } from './checkpoint-verifier.ts';
import type { Checkpoint } from './checkpoint.ts';
import { encodeBase64 } from './encoding.ts';
import { EntryChain } from './entry-chain.ts';
import { FailureList } from './failures.ts';
import { KnownCheckpoints } from './known-checkpoints.ts';
import { LogFiles } from './log-files.ts';
import { parseVerificationKey, type NoteVerificationKey } from './note.ts';
import { ProducerSequences } from './producer-sequences.ts';
import { MAX_REPORTED_PRODUCERS, MAX_REPORTED_WARNINGS, type VerificationReport } from './report.ts';
import type { VerificationWarning } from './report.ts';
import type { TileSource } from './tile.ts';
import { TreeWalk, type WalkResult } from './tree-walk.ts';

/** What {@link verifyLedger} needs. */
export interface VerifyLedgerOptions {
  /** Where the log's files come from. */
  source: TileSource;
  /** The log's verification key, a signed-note vkey. Its name is the log's origin. */
  vkey: string;
  /** Checkpoints of this log that were signed earlier and kept elsewhere, as signed notes. */
  known?: readonly string[];
  /** Is told now and then how many of the log's `size` entries were looked at. */
  onProgress?: (progress: { verified: number; size: number }) => void;
  /** Aborts the verification, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Verifies a whole log: the checkpoint's signature, every hash of the tree, every entry, the hash chain, the
 * producers' sequences, and that earlier checkpoints are continued. Reads everything once, in constant memory, and
 * goes on after each failure.
 *
 * @returns a report, whatever the files hold; only aborting rejects, and a callback that throws
 * @example
 * const report = await verifyLedger({ source: httpTiles('https://audit.example/'), vkey });
 * if (!report.ok) console.error(formatReport(report));
 */
export async function verifyLedger(options: VerifyLedgerOptions): Promise<VerificationReport> {
  const { source, known = [], onProgress, signal } = options;
  const startedMs = performance.now();
  const failures = new FailureList();
  const files = new LogFiles(source);
  const key = readKey(options.vkey, failures);
  const { checkpoint, signers } = await readCheckpoint(files, key, failures);
  const size = checkpoint?.size ?? 0;
  const origin = key?.name ?? checkpoint?.origin ?? '';
  const warnings: VerificationWarning[] = [];
  let duplicates = 0;
  const producers = new ProducerSequences();
  const knownCheckpoints = new KnownCheckpoints(known, key, checkpoint?.size, failures);

  let walked: WalkResult = { verified: 0, root: undefined, rootIsProven: true, edgeIsComplete: false };
  if (checkpoint !== undefined) {
    const walk = new TreeWalk({
      files,
      size,
      failures,
      chain: new EntryChain(origin, failures),
      known: knownCheckpoints,
      onEntry: (index, path, { recordId, sequence }) => {
        if (recordId === undefined || !producers.add(recordId, sequence)) return;
        duplicates += 1;
        const detail = `Entry ${index}, record ${JSON.stringify(recordId.slice(0, 200))}, repeats an earlier one.`;
        if (warnings.length < MAX_REPORTED_WARNINGS) {
          warnings.push({ code: 'record_duplicated', place: { index, path }, detail });
        }
      },
      onProgress: (verified) => onProgress?.({ verified, size }),
      signal,
    });
    walked = await walk.run(checkpoint.root);
    if (!walked.rootIsProven && walked.edgeIsComplete)
      reportRoot(checkpoint, walked, signers.length > 0, failures);
  }

  const gaps = addProducerWarnings(producers, warnings);
  const reports = producers.reports();
  return {
    ok: failures.total === 0,
    origin,
    size,
    root: walked.root === undefined ? '' : encodeBase64(walked.root),
    verified: walked.verified,
    ...(checkpoint === undefined
      ? {}
      : { checkpoint: { size, root: encodeBase64(checkpoint.root), signers } }),
    knownVerified: knownCheckpoints.verified,
    assurance: 'unanchored',
    producers: reports
      .sort((a, b) => b.missing.length + b.duplicates - a.missing.length - a.duplicates)
      .slice(0, MAX_REPORTED_PRODUCERS),
    producersTotal: reports.length,
    failures: failures.listed,
    failuresTotal: failures.total,
    warnings,
    warningsTotal: duplicates + gaps,
    elapsedMs: performance.now() - startedMs,
  };
}

function readKey(vkey: string, failures: FailureList): NoteVerificationKey | undefined {
  const key = parseVerificationKey(vkey);
  if (key.ok) return key.value;
  failures.add('vkey_malformed', {}, `The verification key cannot be read: ${key.detail}.`);
  return undefined;
}

async function readCheckpoint(
  files: LogFiles,
  key: NoteVerificationKey | undefined,
  failures: FailureList,
): Promise<{ checkpoint?: Checkpoint; signers: string[] }> {
  const place = { path: 'checkpoint' };
  const file = await files.read('checkpoint');
  if (file.kind === 'absent') failures.add('checkpoint_missing', place, 'There is no checkpoint.');
  if (file.kind === 'failed') failures.add('read_failed', place, `checkpoint cannot be read: ${file.detail}`);
  if (file.kind !== 'found') return { signers: [] };
  const checked = checkCheckpoint(file.bytes, key);
  for (const { code, detail } of checked.problems) failures.add(code, place, detail);
  return checked;
}

function reportRoot(
  { size, root }: Checkpoint,
  walked: WalkResult,
  isSigned: boolean,
  failures: FailureList,
): void {
  const stored = walked.root === undefined ? 'cannot be computed' : `is ${encodeBase64(walked.root)}`;
  const cause = isSigned
    ? 'The signature is good, so entries and tiles were changed after it, or it was made for another log.'
    : 'The checkpoint is not signed, so its size or root may have been changed.';
  const detail = `At size ${size} the checkpoint states the root ${encodeBase64(root)}, that of the entries ${stored}. ${cause}`;
  failures.add('root_mismatch', { path: 'checkpoint' }, detail);
}

/** Adds a warning for each producer with holes; returns how many there are, listed or not. */
function addProducerWarnings(producers: ProducerSequences, warnings: VerificationWarning[]): number {
  let count = 0;
  const add = (code: VerificationWarning['code'], detail: string): void => {
    count += 1;
    if (warnings.length < MAX_REPORTED_WARNINGS) warnings.push({ code, place: {}, detail });
  };
  for (const { streamId, missing } of producers.reports()) {
    if (missing.length === 0) continue;
    const holes = missing.slice(0, 5).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
    add('producer_gap', `Producer ${streamId.slice(0, 200)}: not in the log are ${holes.join(', ')}${more}.`);
  }
  if (producers.untracked > 0) {
    add('producers_untracked', `${producers.untracked} records are of more producers than are followed.`);
  }
  return count;
}
