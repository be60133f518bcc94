// Writes docs/evaluation.md, or compares it with what it should be:
//
//   npm run evaluate
//   npm run evaluate -- --check
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { formatEvaluation } from './document.ts';
import { evaluate } from './evaluation.ts';
import { surprises } from './matrix.ts';

const ROOT = join(import.meta.dirname, '../..');

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    placements: { type: 'string', default: '30' },
    out: { type: 'string', default: join(ROOT, 'docs/evaluation.md') },
  },
});
const placements = Number(values.placements);
if (!Number.isInteger(placements) || placements < 1 || placements > 1000) {
  throw new RangeError(`--placements is a number from 1 to 1000, not ${values.placements}`);
}

const started = performance.now();
const evaluation = await evaluate({ seed: values.seed, placements, onStep: report });
const text = formatEvaluation(evaluation);
const wrong = surprises(evaluation);
for (const cell of wrong) process.stderr.write(`not as expected: ${cell}\n`);
const name = relative(ROOT, values.out);
if (values.check) {
  const before = await readFile(values.out, 'utf8').catch(() => '');
  const isSame = before === text;
  process.stdout.write(
    isSame
      ? `${name} is what the verification does.\n`
      : `${name} is not what the verification does. Run: npm run evaluate\n${firstDifference(before, text)}`,
  );
  if (!isSame) process.exitCode = 1;
} else {
  await writeFile(values.out, text);
  process.stdout.write(`${name} written.\n`);
}
if (wrong.length > 0) process.exitCode = 1;

function report(step: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${step}\n`);
}

function firstDifference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const at = now.findIndex((line, i) => line !== old[i]);
  return at < 0 ? '' : `line ${at + 1} is  ${old[at] ?? ''}\nit should be  ${now[at] ?? ''}\n`;
}
