import type { Paint, Tone } from './paint.ts';
import { cut, printable } from './text.ts';

/** A column of a table. */
export interface Column {
  title: string;
  /** Longer cells are cut. */
  maxWidth: number;
  /** At least this wide, so that lines written one by one stay in line. Default: as wide as its cells. */
  minWidth?: number;
  align?: 'left' | 'right';
}

/** A cell: its text, or its text and tone. */
export type Cell = string | { text: string; tone: Tone };

/**
 * Lays rows out in columns. Texts are made safe for a terminal here, so that no caller forgets it.
 *
 * @param columns - from left to right
 * @param rows - as many cells as columns each
 * @param paint - how to colour titles and toned cells
 * @returns one line a row, the titles first
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string {
  const texts = rows.map((row) =>
    row.map((cell, i) => cut(printable(textOf(cell)), columns[i]?.maxWidth ?? 0)),
  );
  const widths = columns.map(({ title, minWidth = 0 }, i) =>
    Math.max(title.length, minWidth, ...texts.map((row) => row[i]?.length ?? 0)),
  );
  const titles = columns.map(({ title }) => title);
  const head = paint('faint', joinCells(columns, titles, titles, widths).trimEnd());
  const body = rows.map((row, at) => {
    const plainTexts = texts[at] ?? [];
    const painted = row.map((cell, i) => {
      const text = plainTexts[i] ?? '';
      return typeof cell === 'string' ? text : paint(cell.tone, text);
    });
    return joinCells(columns, plainTexts, painted, widths).trimEnd();
  });
  return [head, ...body].map((line) => `${line}\n`).join('');
}

/** Pads by the plain text's length: colour codes take no room. */
function joinCells(
  columns: readonly Column[],
  texts: readonly string[],
  painted: readonly string[],
  widths: readonly number[],
): string {
  return columns
    .map(({ align }, i) => {
      const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - (texts[i]?.length ?? 0)));
      const text = painted[i] ?? '';
      return align === 'right' ? gap + text : text + gap;
    })
    .join('  ');
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
