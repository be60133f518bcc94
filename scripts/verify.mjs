// Everything that must hold before a change is merged, in one order: format, lint, types, tests, unused code, packages.
// Every step runs, whatever became of the ones before; failures are printed in full at the end.
//
//   npm run verify                    all of it
//   npm run verify -- --skip-tests    without vitest (`.ci/run` has just run `npm test`)
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture, CommandFailed, running } from './step.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const known = new Set(['--skip-tests']);
const flags = process.argv.slice(2);
const unknown = flags.filter((flag) => !known.has(flag));
if (unknown.length > 0) {
  process.stderr.write(`unknown option ${unknown.join(' ')}; known: ${[...known].join(' ')}\n`);
  process.exit(2);
}

/** @type {{ title: string, command: string[], cwd?: string }[]} */
const steps = [
  { title: 'format', command: ['prettier', '--check', '.', '--log-level', 'warn'] },
  { title: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { title: 'types', command: ['tsc', '-b'] },
  { title: 'kernel', command: ['node', join(root, 'scripts/build-kernel.mjs')] },
  ...(flags.includes('--skip-tests') ? [] : [{ title: 'tests', command: ['vitest', 'run'] }]),
  { title: 'unused code', command: ['knip'] },
  ...publishedPackages().flatMap(({ name, folder }) => [
    { title: `publint ${name}`, command: ['publint', '--strict', '--pack', 'npm', folder] },
    { title: `types of ${name}`, command: ['attw', '--profile', 'esm-only', '--pack', folder] },
  ]),
];

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(130);
  });
}

const width = Math.max(...steps.map(({ title }) => title.length));
const failures = [];
for (const { title, command } of steps) {
  const started = performance.now();
  process.stdout.write(`${title.padEnd(width)}  `);
  const failure = await run(command);
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${failure === undefined ? 'ok    ' : 'FAILED'}${seconds} s\n`);
  if (failure !== undefined) failures.push({ title, failure });
}

for (const { title, failure } of failures) {
  process.stdout.write(`\n--- ${title}\n${failure.trimEnd()}\n`);
}
process.stdout.write(
  failures.length === 0
    ? `\nAll ${steps.length} steps passed.\n`
    : `\n${failures.length} of ${steps.length} steps failed: ${failures.map(({ title }) => title).join(', ')}\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

/** Runs one step; returns what to show if it failed. */
async function run([file, ...args]) {
  try {
    const program = file === 'node' ? process.execPath : join(root, 'node_modules/.bin', file);
    await capture(program, args, { cwd: root });
    return undefined;
  } catch (error) {
    return error instanceof CommandFailed ? `${error.output}${error.message}` : String(error);
  }
}

/** The workspace's packages that are not private. */
function publishedPackages() {
  return readdirSync(join(root, 'packages'))
    .map((folder) => join('packages', folder))
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ folder, name: manifest.name }));
}
