import { verifyLedger } from '@spanledger/ledger/verify';
import { signerFrom } from '../support/ledger/seeded-signers.ts';
import type { Attack } from './attack.ts';
import { LOG_ATTACKS } from './attacks/index.ts';
import { checkpointIn, LogCopy, sourceOf, type LogFiles } from './log-copy.ts';
import { countFindings, type Column, type Finding, type Row } from './matrix.ts';
import { Random } from './random.ts';
import { recordLog, type RecordedLog } from './recorded-log.ts';

const ORIGIN = 'evaluation.spanledger.test/log';

/** Entries before each checkpoint of the log that most attacks strike. */
const SMALL_BATCHES: readonly number[] = Array.from({ length: 32 }, (_, i) => 37 + ((i * 53) % 71));

/** Enough for a full tile of the second level, and one of the third above it. */
const LARGE_BATCHES: readonly number[] = [...Array.from({ length: 8 }, () => 8191), 700];

/** Of the attacks that strike both logs, every how many strike the large one. */
const LARGE_SHARE = 5;

/** The logs of an evaluation. */
export interface LogScene {
  seed: string;
  small: RecordedLog;
  large: RecordedLog;
  /** A log with another name and key. */
  other: RecordedLog;
}

/** Has the engine record the logs. */
export async function recordLogs(seed: string): Promise<LogScene> {
  const signer = signerFrom(`${seed} log`, ORIGIN);
  const stranger = signerFrom(`${seed} other`, 'evaluation.spanledger.test/other');
  return {
    seed,
    small: await recordLog(SMALL_BATCHES, signer, `${seed} small `),
    large: await recordLog(LARGE_BATCHES, signer, `${seed} large `),
    other: await recordLog(SMALL_BATCHES, stranger, `${seed} other `),
  };
}

/** Runs every attack on a log. */
export async function evaluateLogAttacks(
  scene: LogScene,
  placements: number,
  onRow: (name: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const attack of LOG_ATTACKS) {
    onRow(attack.name);
    const cells = await countFindings(placements, (placement) => strike(scene, attack, placement));
    const { name, needs, about, why } = attack;
    rows.push({ name, needs, about, cells, ...(why !== undefined && { why }) });
  }
  return rows;
}

/** Verifies logs that nobody touched: the one of the evaluation as it was after each of its checkpoints. */
export async function evaluateSoundLogs({ seed, small }: LogScene, placements: number): Promise<Row> {
  const cells = await countFindings(placements, async (placement) => {
    const random = new Random(`${seed}/control/${placement}`);
    const files = small.states[2 + (placement % (small.states.length - 2))] ?? small.files;
    const codes = await verifyShown(files, small.signer.vkey, random.pick(keptNotes(files)));
    return { alone: { codes: codes.alone, mustFail: false }, kept: { codes: codes.kept, mustFail: false } };
  });
  const about = 'The log as the engine left it after one of its checkpoints, and an earlier one of them.';
  return { name: 'the log as it was written', needs: '', about, cells };
}

async function strike(scene: LogScene, attack: Attack, placement: number): Promise<Record<Column, Finding>> {
  const isLarge = attack.strikesLarge === true && placement % LARGE_SHARE === LARGE_SHARE - 1;
  const log = isLarge ? scene.large : scene.small;
  const random = new Random(`${scene.seed}/${attack.name}/${placement}`);
  const forger = signerFrom(`${scene.seed} forger`, log.signer.origin);
  const kept = attack.kept === 'last' ? new LogCopy(log.files).checkpoint : random.pick(keptNotes(log.files));
  const { files, offeredKey, soundTo } = attack.commit({ log, other: scene.other, forger, random });
  const vkey = attack.trustsOfferedKey === true ? offeredKey : undefined;
  const codes = await verifyShown(files, vkey ?? log.signer.vkey, kept);
  const { expected = { alone: 'all', kept: 'all' } } = attack;
  const keptSize = checkpointIn(kept).size;
  const finding = (column: Column): Finding => ({
    codes: codes[column],
    mustFail: expected[column] === 'all' || (expected[column] === 'before' && keptSize > soundTo),
  });
  return { alone: finding('alone'), kept: finding('kept') };
}

/** The checkpoints that a verifier may have kept: all but the last, and but that of the empty log, which says nothing. */
function keptNotes(files: LogFiles): string[] {
  return new LogCopy(files).notes().slice(1, -1);
}

async function verifyShown(
  files: LogFiles,
  vkey: string,
  kept: string,
): Promise<Record<Column, readonly string[]>> {
  return { alone: await codesOf(files, vkey, []), kept: await codesOf(files, vkey, [kept]) };
}

async function codesOf(files: LogFiles, vkey: string, known: readonly string[]): Promise<readonly string[]> {
  const report = await verifyLedger({ source: sourceOf(files), vkey, known });
  return report.failures.map(({ code }) => code);
}
