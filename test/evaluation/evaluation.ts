import { rm } from 'node:fs/promises';
import { evaluateIndexAttacks, evaluateSoundIndex, INDEXED_RECORDS, recordIndex } from './index-matrix.ts';
import { evaluateLogAttacks, evaluateSoundLogs, recordLogs } from './log-matrix.ts';
import type { Evaluation, Row } from './matrix.ts';

/** How an evaluation is run. */
export interface EvaluationOptions {
  /** Everything random follows from it. */
  seed: string;
  /** How often each attack is carried out. */
  placements: number;
  /** Is told what is being done. */
  onStep: (step: string) => void;
}

/** Records logs, attacks copies of them and verifies what is left. */
export async function evaluate({ seed, placements, onStep }: EvaluationOptions): Promise<Evaluation> {
  onStep('recording the logs');
  const logs = await recordLogs(seed);
  onStep('verifying what nobody touched');
  const controls = [await evaluateSoundLogs(logs, placements)];
  const rows = await evaluateLogAttacks(logs, placements, onStep);
  await logs.witness.close();
  const index = await evaluateIndex({ seed, placements, onStep });
  const { small, large } = logs;
  const [size, largeSize] = [small.sizes.at(-1) ?? 0, large.sizes.at(-1) ?? 0];
  return {
    seed,
    placements,
    subjects: [
      `The log under attack has ${format(size)} entries and ${small.sizes.length - 1} checkpoints: full and partial tiles of two levels. It was written by the engine.`,
      `Of the attacks on tiles every tenth strikes a log of ${format(largeSize)} entries, which has full tiles of two levels and a third one above.`,
      `The index is the embedded one of a service that took in ${INDEXED_RECORDS} spans of two people; a document is what a search answers.`,
    ],
    controls: [...controls, ...index.controls],
    rows: [...rows, ...index.rows],
  };
}

async function evaluateIndex({
  seed,
  placements,
  onStep,
}: EvaluationOptions): Promise<Record<'controls' | 'rows', Row[]>> {
  onStep('recording an index');
  const scene = await recordIndex(seed);
  try {
    const controls = await evaluateSoundIndex(scene, placements);
    return { controls, rows: await evaluateIndexAttacks(scene, placements, onStep) };
  } finally {
    await scene.witness.close();
    await rm(scene.directory, { recursive: true, force: true });
  }
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
