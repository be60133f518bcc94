#!/usr/bin/env node
import { isNewEnough, renderTooOld } from './node-version.ts';

const args = process.argv.slice(2);
const { node } = process.versions;
if (isNewEnough(node)) {
  if (args[0] === 'serve') {
    const { startFrugally } = await import('./frugal-process.ts');
    startFrugally(process);
  }
  // Most of a short command is compiling what it is made of.
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  const [{ processContext }, { run }] = await Promise.all([import('./context.ts'), import('./run.ts')]);
  process.exitCode = await run(args, processContext());
} else {
  process.stderr.write(renderTooOld(node, args.includes('--json')));
  process.exitCode = 2;
}
