import { withAnchors } from './assurance.ts';
import { loadBundle } from './bundle-verifier.ts';
import { CheckpointHistory, type HistoryDemand } from './checkpoint-history.ts';
import { checkCheckpoint } from './checkpoint-verifier.ts';
import type { Checkpoint } from './checkpoint.ts';
import { encodeBase64, encodeHex } from './encoding.ts';
import { EntryChain } from './entry-chain.ts';
import { readEntryFields } from './entry-fields.ts';
import { FailureList } from './failures.ts';
import type { LogKeys } from './key-history.ts';
import { KnownCheckpoints, type Anchor, type KnownLog } from './known-checkpoints.ts';
import { KnownWitnesses, type WitnessPolicy } from './known-witnesses.ts';
import { LogFiles } from './log-files.ts';
import { KeysOfLog } from './log-keys.ts';
import { formatNote, parseVerificationKey, type NoteVerificationKey, type SignedNote } from './note.ts';
import { PrunedEntries } from './pruned-entries.ts';
import type { ProducerReport } from './producer-sequences.ts';
import { MAX_REPORTED_PRODUCERS, reportKey, type EntryKind, type VerificationReport } from './report.ts';
import { RootTrack } from './root-track.ts';
import { SeenRecords } from './seen-records.ts';
import { InlineSoundBundles, type BundledLog, type SoundBundleSource } from './sound-bundle-source.ts';
import { entryBundlePath, TILE_WIDTH, tileWidthAt, type TileSource } from './tile.ts';
import { StateSaver } from './state-saver.ts';
import { TreeWalk, type WalkResult } from './tree-walk.ts';
import {
  digestOf,
  readState,
  StateRefusedError,
  walkedBefore,
  type VerificationState,
} from './verification-state.ts';
import { WarningList } from './warnings.ts';

/** What {@link verifyLedger} needs. */
export interface VerifyLedgerOptions extends WitnessPolicy {
  /** Where the log's files come from. */
  source: TileSource;
  /**
   * A verification key of the log, a signed-note vkey. Its name is the log's origin. Of a log that has changed its key
   * it is any of its keys: the log's key statements lead from each to all others.
   */
  vkey: string;
  /** Checkpoints of this log that were signed earlier and kept elsewhere, as signed notes. */
  known?: readonly string[];
  /**
   * Checkpoints that the log handed to a place which its operator cannot change. Each must be continued; the assurance is
   * then `anchored`, up to the size of the largest.
   */
  anchors?: readonly Anchor[];
  /**
   * Whether the log has to keep a history of its checkpoints, as every log of Spanledger does; `required` if not given.
   * For a log of other software that keeps none: `optional`, which makes its absence a warning.
   */
  history?: HistoryDemand;
  /**
   * What the entries are taken for; `records` if not given. For a log of other software: `opaque`, which checks the tree
   * and the signature and nothing in the entries, and says so in the report.
   */
  entries?: EntryKind;
  /**
   * Opens what reads full bundles, in other threads for example; they are read in this one if not given. It changes
   * how long the verification takes and nothing in the report.
   */
  openBundles?: (log: BundledLog) => SoundBundleSource;
  /**
   * A state that an earlier verification of this log gave to `onState`, with the same key and options. The report will
   * be the one that this verification would have made: about the checkpoint with which it began.
   */
  resume?: string;
  /**
   * Is given a state to go on from, should the verification be interrupted; as long as nothing was found wrong. It is
   * waited for.
   */
  onState?: (state: string) => Promise<void> | void;
  /** How often `onState` is called at most, in milliseconds; 5,000 if not given, 0 for every 256 entries. */
  stateIntervalMs?: number;
  /** Is told now and then how many of the log's `size` entries were looked at. */
  onProgress?: (progress: { verified: number; size: number }) => void;
  /** Aborts the verification, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Verifies a whole log: the checkpoint's signature, every hash of the tree, every entry, the hash chain, the
 * producers' sequences, and that earlier checkpoints (the log's own history, and `known`) are continued. Reads everything once, in constant memory, and
 * goes on after each failure.
 *
 * @returns a report, whatever the files hold; only aborting rejects, a callback that throws, with a TypeError a
 *   quorum that is no number from 0 to that of the witnesses, and with a {@link StateRefusedError} a state to resume
 *   from that is damaged or of something else
 * @example
 * const report = await verifyLedger({ source: httpTiles('https://audit.example/'), vkey });
 * if (!report.ok) console.error(formatReport(report));
 */
export async function verifyLedger(options: VerifyLedgerOptions): Promise<VerificationReport> {
  const {
    source,
    known = [],
    anchors = [],
    history: demand = 'required',
    entries = 'records',
    openBundles,
    onProgress,
    signal,
  } = options;
  const startedMs = performance.now();
  const failures = new FailureList();
  const warnings = new WarningList();
  const files = new LogFiles(source);
  const key = readKey(options.vkey, failures);
  const pruned = new PrunedEntries(files);
  await pruned.read(failures);
  const keysOfLog = key && (await KeysOfLog.read(files, key, failures, warnings));
  const keys = keysOfLog?.keys;
  const witnesses = new KnownWitnesses(options, keys?.keys ?? [], failures);
  const history = new CheckpointHistory(files, keys, demand, witnesses, failures, warnings);
  const saved = options.resume === undefined ? undefined : readState(options.resume, bindingOf(options));
  const base = resumedBase(await readBase(files, history, keys, failures, warnings), saved, keys);
  const size = base?.checkpoint.size ?? 0;
  if (base !== undefined) await lookBeyond(files, size, warnings);
  const origin = keys?.name ?? base?.checkpoint.origin ?? '';
  const before = saved && walkedBefore(saved);
  const roots = new RootTrack(before?.clone());
  const knownLog: KnownLog = { keys, size: base && size, roots };
  const numbered = known.map((note, i) => ({ name: `${i + 1}`, note }));
  const knownCheckpoints = new KnownCheckpoints('known', numbered, knownLog, failures);
  const anchored = new KnownCheckpoints('anchor', anchors, knownLog, failures);
  const seen = new SeenRecords(files, warnings);
  if (saved !== undefined) {
    await history.resume(saved.historyVerified, size, roots);
    witnesses.restore(saved.witnesses);
    keysOfLog?.restore(saved.keyStatements);
    seen.producers.restore(saved.sequences);
    pruned.restore(saved.pruned);
    failures.restore(saved.failures, saved.failuresTotal);
    warnings.restore(saved.warnings, saved.warningsTotal);
  }

  let walked: WalkResult = { verified: 0, root: undefined, rootIsProven: true, edgeIsComplete: false };
  let gone = { pruned: 0, minimumIndex: 0, isSound: true };
  if (base === undefined) {
    roots.finish();
  } else {
    const log: BundledLog = { size, origin, entries, first: (before?.size ?? 0) / TILE_WIDTH };
    const last = saved && { index: saved.position - 1, hash: saved.lastHash };
    const soundBundles: SoundBundleSource = openBundles?.(log) ?? new InlineSoundBundles(files, log);
    const failuresBefore = failures.total;
    const saver = new StateSaver(options, () => failures.total === failuresBefore);
    try {
      const walk = new TreeWalk({
        files,
        size,
        failures,
        chain: entries === 'opaque' ? undefined : new EntryChain(origin, failures, last),
        roots,
        pruned,
        beforePassing: (end) => history.expectUpTo(end, size, roots),
        soundBundles,
        onEntry: (index, path, fields) => {
          if (fields.keyStatement !== undefined) keysOfLog?.addLogged(index, path, fields.keyStatement);
          if (fields.minimumIndex !== undefined) pruned.takeStatement(index, fields.minimumIndex);
          seen.add(index, path, fields);
        },
        onSoundBundle: (bundle) => seen.addBundle(bundle),
        onProgress: (verified) => onProgress?.({ verified, size }),
        signal,
        walked: before,
        onSound: (range, lastHash) =>
          saver.save(() => ({
            binding: bindingOf(options),
            note: formatNote(base.note.text, base.note.signatures),
            position: range.size,
            peaks: range.peaks.map(encodeHex),
            lastHash: encodeHex(lastHash),
            historyVerified: history.verified,
            witnesses: witnesses.save(),
            keyStatements: [...(keysOfLog?.logged ?? [])],
            sequences: seen.producers.save(),
            pruned: pruned.save(),
            failures: failures.listed,
            failuresTotal: failures.total,
            warnings: warnings.listed,
            warningsTotal: warnings.total,
          })),
      });
      walked = await walk.run(base.checkpoint.root);
    } finally {
      await soundBundles.close?.();
    }
    gone = await pruned.finish(failures);
    if (!gone.isSound) walked = { ...walked, root: undefined };
    if (!walked.rootIsProven && walked.edgeIsComplete) reportRoot(base, walked, failures);
    witnesses.see(base.note, size, { path: 'checkpoint' });
    if (entries === 'opaque') await reportUncheckedChain(files, size, origin, warnings);
  }

  if (base !== undefined && entries === 'records') await keysOfLog?.finish(gone.minimumIndex);
  const assurance = withAnchors(witnesses.assess(base && size), { anchored: anchored.provenSize, size });
  const reports = seen.producers.reports(gone.pruned > 0);
  addProducerWarnings(reports, seen.producers.untracked, warnings);
  return {
    ok: failures.total === 0,
    origin,
    size,
    root: walked.root === undefined ? '' : encodeBase64(walked.root),
    entries,
    verified: walked.verified,
    pruned: gone.pruned,
    ...(base && { checkpoint: { size, root: encodeBase64(base.checkpoint.root), signers: base.signers } }),
    keys: (keys?.keys ?? []).map(reportKey),
    knownVerified: knownCheckpoints.verified,
    anchorsVerified: anchored.verified,
    historyVerified: history.verified,
    assurance,
    producers: reports
      .toSorted((a, b) => b.missing.length + b.duplicates - a.missing.length - a.duplicates)
      .slice(0, MAX_REPORTED_PRODUCERS),
    producersTotal: reports.length,
    failures: failures.listed,
    failuresTotal: failures.total,
    warnings: warnings.listed,
    warningsTotal: warnings.total,
    elapsedMs: performance.now() - startedMs,
  };
}

/** What the report depends on, besides the log. */
function bindingOf({
  vkey,
  known = [],
  anchors = [],
  history = 'required',
  entries = 'records',
  witnesses = [],
  quorum,
}: VerifyLedgerOptions): string {
  return digestOf([vkey, known, anchors, history, entries, witnesses, quorum ?? null]);
}

/** What a verification is held against that goes on from a state: what it was held against when it began. */
function resumedBase(
  base: Base | undefined,
  state: VerificationState | undefined,
  keys: LogKeys | undefined,
): Base | undefined {
  if (state === undefined) return base;
  const { checkpoint, note, signers } = checkCheckpoint(state.note, keys);
  if (checkpoint === undefined || note === undefined) throw new StateRefusedError('it holds no checkpoint');
  if (base === undefined || base.checkpoint.size < checkpoint.size || state.position > checkpoint.size)
    throw new StateRefusedError('the log is shorter now than it was then');
  return { checkpoint, note, signers };
}

function readKey(vkey: string, failures: FailureList): NoteVerificationKey | undefined {
  const key = parseVerificationKey(vkey);
  if (key.ok) return key.value;
  failures.add('vkey_malformed', {}, `The verification key cannot be read: ${key.detail}.`);
  return undefined;
}

/** The checkpoint that the log is held against. */
interface Base {
  checkpoint: Checkpoint;
  note: SignedNote;
  signers: string[];
}

/**
 * Reads the log's checkpoint and the end of its history. The log is held against the larger of the two, and against
 * the history's where the other cannot be trusted: what is wrong with the checkpoint must not hide what else is.
 */
async function readBase(
  files: LogFiles,
  history: CheckpointHistory,
  keys: LogKeys | undefined,
  failures: FailureList,
  warnings: WarningList,
): Promise<Base | undefined> {
  const place = { path: 'checkpoint' };
  const tail = await history.readTail();
  const file = await files.read('checkpoint');
  if (file.kind === 'absent') failures.add('checkpoint_missing', place, 'There is no checkpoint.');
  if (file.kind === 'failed') failures.add('read_failed', place, `checkpoint cannot be read: ${file.detail}`);
  const checked = file.kind === 'found' ? checkCheckpoint(file.bytes, keys) : undefined;
  for (const { code, detail } of checked?.problems ?? []) failures.add(code, place, detail);

  const fromHistory = tail && { checkpoint: tail.last, note: tail.note, signers: tail.signers };
  const { checkpoint, note, signers = [], problems = [] } = checked ?? {};
  if (checkpoint === undefined || note === undefined) return fromHistory;
  if (tail === undefined || (problems.length === 0 && tail.last.size <= checkpoint.size))
    return { checkpoint, note, signers };
  const detail = `The checkpoint covers ${checkpoint.size} entries, the last published one ${tail.last.size}.`;
  // Of a log that was stopped in between, the history is ahead by one.
  if (problems.length > 0) return fromHistory;
  if (checkpoint.size < tail.previousSize) failures.add('checkpoint_rolled_back', place, detail);
  else warnings.add('checkpoint_behind', place, detail);
  return fromHistory;
}

/**
 * Looks for a full bundle that no checkpoint covers. It is no proof: a log writes entries before the checkpoint over
 * them. But it is there too where somebody cut back checkpoint and history and left the rest.
 */
async function lookBeyond(files: LogFiles, size: number, warnings: WarningList): Promise<void> {
  const path = entryBundlePath(Math.floor(size / TILE_WIDTH), TILE_WIDTH);
  if ((await files.read(path)).kind !== 'found') return;
  const now = await files.read('checkpoint');
  const checkpoint = now.kind === 'found' ? checkCheckpoint(now.bytes, undefined).checkpoint : undefined;
  if (checkpoint !== undefined && checkpoint.size > size) return;
  const detail = `The checkpoint covers ${size} entries; this file holds more.`;
  warnings.add('entries_beyond', { index: size, path }, detail);
}

/** Nobody is to take a log of records for verified in whose records nothing was looked at. */
async function reportUncheckedChain(
  files: LogFiles,
  size: number,
  origin: string,
  warnings: WarningList,
): Promise<void> {
  if (size === 0) return;
  // The last bundle is the one that is never pruned.
  const last = Math.floor((size - 1) / TILE_WIDTH);
  const bundle = await loadBundle(files, last, tileWidthAt(size, 0, last));
  const [first] = bundle.entries ?? [];
  const fields = first === undefined ? undefined : readEntryFields(first);
  if (fields?.ok !== true || fields.value.origin !== origin) return;
  const detail = `Entry ${bundle.base} is a record of Spanledger; that the hash chain holds was not checked.`;
  warnings.add('chain_unchecked', { index: bundle.base, path: bundle.path }, detail);
}

function reportRoot({ checkpoint, signers }: Base, walked: WalkResult, failures: FailureList): void {
  const { size, root } = checkpoint;
  const stored = walked.root === undefined ? 'cannot be computed' : `is ${encodeBase64(walked.root)}`;
  const cause =
    signers.length > 0
      ? 'The signature is good, so entries and tiles were changed after it, or it was made for another log.'
      : 'The checkpoint is not signed, so its size or root may have been changed.';
  const detail = `At size ${size} the checkpoint states the root ${encodeBase64(root)}, that of the entries ${stored}. ${cause}`;
  failures.add('root_mismatch', { path: 'checkpoint' }, detail);
}

function addProducerWarnings(
  reports: readonly ProducerReport[],
  untracked: number,
  warnings: WarningList,
): void {
  for (const { streamId, unexplained } of reports) {
    if (unexplained.length === 0) continue;
    const holes = unexplained.slice(0, 5).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
    const more = unexplained.length > 5 ? ` and ${unexplained.length - 5} more` : '';
    const detail = `Producer ${streamId.slice(0, 200)}: not in the log are ${holes.join(', ')}${more}.`;
    warnings.add('producer_gap', {}, detail);
  }
  if (untracked > 0) {
    warnings.add('producers_untracked', {}, `${untracked} records are of more producers than are followed.`);
  }
}
