import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText, differingRows } from '../../../packages/exporter/src/row-differences.ts';

const letters = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { maxLength: 8 });

describe('differingRows', () => {
  it('tells exactly what only one side has, in order', () => {
    fc.assert(
      fc.property(letters, letters, (stored, rebuilt) => {
        const [a, b] = [stored.toSorted(), rebuilt.toSorted()];
        const told = [...differingRows(a, b, compareText)];
        const foreign = told.filter(({ kind }) => kind === 'foreign').map(({ row }) => row);
        const missing = told.filter(({ kind }) => kind === 'missing').map(({ row }) => row);
        expect(foreign).toEqual(a.filter((letter) => !b.includes(letter)));
        expect(missing).toEqual(b.filter((letter) => !a.includes(letter)));
        expect(told.map(({ row }) => row)).toEqual([...foreign, ...missing].toSorted());
      }),
    );
  });
});
