/** What a verifier has besides the log's files and its key. */
export const COLUMNS = ['alone', 'kept', 'witness', 'asked'] as const;

/** A column of the matrix. */
export type Column = (typeof COLUMNS)[number];

/** How often an attack was noticed, and by which failures. */
export interface Cell {
  detected: number;
  /** In how many of the placements each failure code was in the report. */
  codes: Map<string, number>;
  /** Placements in which it was noticed and should not have been, or the other way round. */
  unexpected: number[];
}

/** A row of the matrix. */
export interface Row {
  name: string;
  /** What the attacker has. */
  needs: string;
  about: string;
  why?: string;
  cells: Record<Column, Cell>;
}

/** The matrix and what it was made of. */
export interface Evaluation {
  seed: string;
  placements: number;
  /** What was attacked, as sentences. */
  subjects: string[];
  /** What is not damaged: nothing of it may be taken for damaged. */
  controls: Row[];
  rows: Row[];
}

/** What should not be: cells in which something else was noticed than has to be. */
export function surprises({ controls, rows }: Evaluation): string[] {
  return [...controls, ...rows].flatMap(({ name, cells }) =>
    COLUMNS.flatMap((column) => {
      const { unexpected } = cells[column];
      return unexpected.length === 0 ? [] : [`${name} (${column}): placements ${unexpected.join(', ')}`];
    }),
  );
}

/** What a verifier found in one placement, and whether it has to find something. */
export interface Finding {
  /** The codes of its failures. */
  codes: readonly string[];
  mustFail: boolean;
}

/** Has a value for each column. */
export async function forColumns<T>(valueOf: (column: Column) => Promise<T>): Promise<Record<Column, T>> {
  return {
    alone: await valueOf('alone'),
    kept: await valueOf('kept'),
    witness: await valueOf('witness'),
    asked: await valueOf('asked'),
  };
}

/** Runs placements one after the other, in every column, and counts. */
export async function countFindings(
  placements: number,
  verify: (placement: number) => Promise<Record<Column, Finding>>,
): Promise<Record<Column, Cell>> {
  const cells = await forColumns(() => Promise.resolve(emptyCell()));
  for (let placement = 0; placement < placements; placement++) {
    const findings = await verify(placement);
    for (const column of COLUMNS) count(cells[column], placement, findings[column]);
  }
  return cells;
}

function emptyCell(): Cell {
  return { detected: 0, codes: new Map(), unexpected: [] };
}

function count(cell: Cell, placement: number, { codes, mustFail }: Finding): void {
  if (codes.length > 0) cell.detected += 1;
  if (codes.length > 0 !== mustFail) cell.unexpected.push(placement);
  for (const code of new Set(codes)) cell.codes.set(code, (cell.codes.get(code) ?? 0) + 1);
}
