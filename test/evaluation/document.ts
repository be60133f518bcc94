import { COLUMNS, type Cell, type Column, type Evaluation, type Row } from './matrix.ts';

const TITLES: Readonly<Record<Column, string>> = {
  alone: 'ledger alone',
  kept: 'with an earlier checkpoint kept',
  witness: 'with a witness',
  asked: 'with a witness, asked',
};

/** Writes the evaluation as docs/evaluation.md; the same evaluation gives the same text. */
export function formatEvaluation(evaluation: Evaluation): string {
  const { seed, placements, subjects, controls, rows } = evaluation;
  const header = ['attack', 'needs', ...COLUMNS.map((column) => TITLES[column])];
  const cellsOf = ({ cells }: Row): string[] => COLUMNS.map((column) => share(cells[column], placements));
  return `# What tampering the verification notices

<!-- Written by npm run evaluate; npm run evaluate -- --check compares. Edit test/evaluation instead. -->

Every attack below is carried out ${placements} times, each time somewhere else, on a copy of what the product wrote, and what
is left is given to the product's own verification. A cell says how often that failed. Attackers do whatever they can
with what they have: who changes an entry makes the hash tiles over it anew, who holds the key signs the whole history again.

\`npm run evaluate\` writes this page anew, \`npm run evaluate -- --check\` fails where it would differ. The
placements are drawn from a seed (\`--seed ${seed}\`), so that each can be repeated; \`--placements\` draws more.

${subjects.map((subject) => `- ${subject}`).join('\n')}

## The columns

- **${TITLES.alone}**: the verifier has the log's files and its verification key, kept from the first day. Assurance \`unanchored\`.
- **${TITLES.kept}**: also one checkpoint that the log published at some time, picked at random (\`--known\`). Assurance \`unanchored\`.
- **${TITLES.witness}**: also the key of a witness, which has signed every checkpoint, and whose signature is demanded (\`--witness\`). Assurance \`witnessed 1/1\`.
- **${TITLES.asked}**: also the checkpoint that this witness signed last, [asked from the witness itself](witnesses.md#verifying-with-witnesses) and given as \`--known\`.

The witness is the product's own, asked as its clients ask it. Attackers who hold the log's key ask it to sign what they
made, and it refuses each time: it signs nothing that does not continue what it signed before. This is what
one witness adds; with a quorum of several the same holds as long as fewer of them help the attacker than the report names.

**needs** is what the attacker has: \`files\` is write access to all files of the log, \`key\` the log's private key too, \`index\` write
access to the index or to the documents that come out of it.

## The matrix

${table(
  header,
  rows.map((row) => [row.name, row.needs, ...cellsOf(row)]),
)}

**Not damaged.** The same number of times something is verified that nobody touched. Every failure would be a false alarm.

${table(
  ['control', ...COLUMNS.map((column) => TITLES[column])],
  controls.map((row) => [row.name, ...cellsOf(row)]),
)}

## Row by row

Behind each column: the failure codes, and in how many of the placements each was in the report. The codes are explained in
[ledger-format.md](ledger-format.md#failures).

${[...rows, ...controls].map((row) => formatRow(row, placements)).join('\n\n')}
`;
}

function formatRow({ name, about, why, cells }: Row, placements: number): string {
  const lines = COLUMNS.map((column) => {
    const codes = [...cells[column].codes].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    const named = codes.map(([code, times]) => `\`${code}\` ${times}`).join(', ');
    return `- ${TITLES[column]}: ${share(cells[column], placements)}${named === '' ? '' : `: ${named}`}`;
  });
  return [`### ${capitalise(name)}`, about, lines.join('\n'), ...(why === undefined ? [] : [why])].join(
    '\n\n',
  );
}

function share({ detected }: Cell, placements: number): string {
  return `${detected}/${placements}`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A Markdown table whose columns are padded, as the formatter of this repository writes them. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, i) => Math.max(3, ...[header, ...rows].map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, i) => (row[i] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
