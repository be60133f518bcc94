import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../evaluation/evaluation.ts';
import { COLUMNS, surprises, type Evaluation } from '../evaluation/matrix.ts';

/** Few; docs/evaluation.md has more. */
const PLACEMENTS = 5;

describe('the matrix of attacks', () => {
  let evaluation: Evaluation;

  beforeAll(async () => {
    evaluation = await evaluate({ seed: 'test', placements: PLACEMENTS, onStep: () => undefined });
  });

  it('notices what it has to notice, and no more', () => {
    expect(surprises(evaluation)).toEqual([]);
  });

  it('takes nothing for damaged that nobody touched', () => {
    for (const { name, cells } of evaluation.controls) {
      for (const column of COLUMNS) expect([name, cells[column].detected]).toEqual([name, 0]);
    }
  });

  it('notices every attack by somebody without the key who leaves a log that never was', () => {
    const quiet = evaluation.rows.filter(({ cells }) => cells.alone.detected < PLACEMENTS);
    const withoutKey = quiet.filter(({ needs }) => needs !== 'key').map(({ name }) => name);
    expect(withoutKey).toEqual([
      'truncate the tail, exactly at a checkpoint',
      'replace the key, of a verifier that kept none',
      'roll back the whole directory',
    ]);
  });

  it('explains every cell that is not full', () => {
    for (const { name, why, cells } of evaluation.rows) {
      const isFull = COLUMNS.every((column) => cells[column].detected === PLACEMENTS);
      expect([name, isFull || why !== undefined]).toEqual([name, true]);
    }
  });
});
