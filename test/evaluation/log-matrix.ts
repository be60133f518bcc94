import { verifyLedger } from '@spanledger/ledger/verify';
import { signerFrom } from '../support/ledger/seeded-signers.ts';
import type { Attack } from './attack.ts';
import { LOG_ATTACKS } from './attacks/index.ts';
import { checkpointIn, LogCopy, sourceOf, type LogFiles } from './log-copy.ts';
import { countFindings, forColumns, type Column, type Finding, type Row } from './matrix.ts';
import { Random } from './random.ts';
import { EvaluationWitness } from './witnessing.ts';
import { recordLog, type RecordedLog } from './recorded-log.ts';

const ORIGIN = 'evaluation.spanledger.test/log';

/** Entries before each checkpoint of the log that most attacks strike. */
const SMALL_BATCHES: readonly number[] = Array.from({ length: 32 }, (_, i) => 37 + ((i * 53) % 71));

/** Enough for a full tile of the second level, and one of the third above it. */
const LARGE_BATCHES: readonly number[] = [...Array.from({ length: 8 }, () => 8191), 700];

/** Of the attacks that strike both logs, every how many strike the large one. */
export const LARGE_SHARE = 10;

/** The logs of an evaluation. */
export interface LogScene {
  seed: string;
  small: RecordedLog;
  large: RecordedLog;
  /** A log with another name and key. */
  other: RecordedLog;
  /** Watches them. */
  witness: EvaluationWitness;
}

/** Has the engine record the logs; the witness is to be closed in the end. */
export async function recordLogs(seed: string): Promise<LogScene> {
  const signer = signerFrom(`${seed} log`, ORIGIN);
  const stranger = signerFrom(`${seed} other`, 'evaluation.spanledger.test/other');
  const giant = signerFrom(`${seed} large`, 'evaluation.spanledger.test/large');
  const witness = await EvaluationWitness.open([signer, stranger, giant].map(({ vkey }) => vkey));
  return {
    seed,
    small: await recordLog(SMALL_BATCHES, signer, `${seed} small `, witness),
    large: await recordLog(LARGE_BATCHES, giant, `${seed} large `, witness),
    other: await recordLog(SMALL_BATCHES, stranger, `${seed} other `, witness),
    witness,
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
export async function evaluateSoundLogs(scene: LogScene, placements: number): Promise<Row> {
  const { seed, small, witness } = scene;
  const cells = await countFindings(placements, async (placement) => {
    const random = new Random(`${seed}/control/${placement}`);
    const files = small.states[2 + (placement % (small.states.length - 2))] ?? small.files;
    const kept = random.pick(keptNotes(files));
    // What the witness had signed when the log was in that state.
    const asked = new LogCopy(files).checkpoint;
    const seen = { files, vkey: small.signer.vkey, kept, asked, witness: witness.vkey };
    return await forColumns(async (column) => ({ codes: await codesOf(seen, column), mustFail: false }));
  });
  const about = 'The log as the engine left it after one of its checkpoints, and an earlier one of them.';
  return { name: 'the log as it was written', needs: '', about, cells };
}

async function strike(scene: LogScene, attack: Attack, placement: number): Promise<Record<Column, Finding>> {
  const { seen, soundTo } = await enact(scene, attack, placement);
  const keptSize = checkpointIn(seen.kept).size;
  return await forColumns(async (column) => {
    const expected = attack.expected?.[column] ?? 'all';
    const mustFail = expected === 'all' || (expected === 'before' && keptSize > soundTo);
    return { codes: await codesOf(seen, column), mustFail };
  });
}

/** Carries out an attack at one placement; what verifiers see then, and up to which size it is still the log's. */
export async function enact(
  { seed, small, large, other, witness }: LogScene,
  attack: Attack,
  placement: number,
): Promise<{ seen: Seen; soundTo: number }> {
  const isLarge = attack.strikesLarge === true && placement % LARGE_SHARE === LARGE_SHARE - 1;
  const log = isLarge ? large : small;
  const { origin } = log.signer;
  const random = new Random(`${seed}/${attack.name}/${placement}`);
  const kept = attack.kept === 'last' ? new LogCopy(log.files).checkpoint : random.pick(keptNotes(log.files));
  const crime = { log, other, forger: signerFrom(`${seed} forger`, origin), random };
  const { files, offeredKey, soundTo } = attack.commit(crime);
  if (attack.needs === 'key') await demandRefusal(witness, files);
  const vkey = (attack.trustsOfferedKey === true ? offeredKey : undefined) ?? log.signer.vkey;
  return { seen: { files, vkey, kept, asked: witness.latest(origin), witness: witness.vkey }, soundTo };
}

/** Has an attacker who holds the log's key ask the witness for its signature. */
async function demandRefusal(witness: EvaluationWitness, files: LogFiles): Promise<void> {
  const signed = await witness.ask(new LogCopy(files).checkpoint, files);
  if (signed !== undefined) throw new Error(`the witness signed what contradicts it:\n${signed}`);
}

/** The checkpoints that a verifier may have kept: all but the last, and but that of the empty log, which says nothing. */
function keptNotes(files: LogFiles): string[] {
  return new LogCopy(files).notes().slice(1, -1);
}

/** What verifiers have; each column uses some of it. */
export interface Seen {
  files: LogFiles;
  vkey: string;
  /** An earlier checkpoint. */
  kept: string;
  /** What the witness signed last. */
  asked: string;
  /** The witness's key. */
  witness: string;
}

/** The codes of what the product's verification of a log finds, with what a column has. */
export async function codesOf(
  { files, vkey, kept, asked, witness }: Seen,
  column: Column,
): Promise<string[]> {
  const known = { alone: [], kept: [kept], witness: [], asked: [asked] }[column];
  const witnesses = column === 'witness' || column === 'asked' ? [witness] : [];
  const report = await verifyLedger({ source: sourceOf(files), vkey, known, witnesses });
  return report.failures.map(({ code }) => code);
}
