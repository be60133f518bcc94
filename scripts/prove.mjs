// What takes too long for every change, by the tests that do the same in short with every change:
//
//   npm run prove                          all of it, three quarters of an hour
//   npm run prove -- differential kills    some of it
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {Record<string, { what: string, env: Record<string, string>, project: string, file: string }>} */
const proofs = {
  differential: {
    what: 'a million random spans, and a million under a policy: templates, objects and another canonicalizer agree',
    env: { SPANLEDGER_PROPERTY_SPANS: '1000000' },
    project: 'unit',
    file: 'test/unit/exporter/receive/transcoder.property.test.ts',
  },
  fuzz: {
    what: 'ten minutes of damaged requests: refused whole, or as objects would have them',
    env: { SPANLEDGER_FUZZ_SECONDS: '600' },
    project: 'unit',
    file: 'test/unit/exporter/wire/fuzz-intake.test.ts',
  },
  'differential-json': {
    what: '100,000 random spans in OTLP/JSON: with objects, without, and in protobuf they give the same',
    env: { SPANLEDGER_PROPERTY_SPANS: '100000' },
    project: 'unit',
    file: 'test/unit/exporter/receive/json-requests.property.test.ts',
  },
  'fuzz-json': {
    what: 'five minutes of damaged OTLP/JSON: refused for the same reason, or as objects would have it',
    env: { SPANLEDGER_FUZZ_SECONDS: '300' },
    project: 'unit',
    file: 'test/unit/exporter/wire/fuzz-json.test.ts',
  },
  kills: {
    what: '100 kills of the service and of its threads under load: nothing acknowledged is lost',
    env: { SPANLEDGER_KILL_ROUNDS: '100' },
    project: 'fault',
    file: 'test/fault/exporter/kill.test.ts',
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(proofs, name));
if (unknown.length > 0) {
  process.stderr.write(`unknown proof ${unknown.join(' ')}; known: ${Object.keys(proofs).join(' ')}\n`);
  process.exit(2);
}

const failed = [];
for (const [name, { what, env, project, file }] of Object.entries(proofs)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`\n${name}: ${what}\n`);
  const started = performance.now();
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, file];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) failed.push(name);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  process.stdout.write(`${name}: ${status === 0 ? 'holds' : 'FAILED'}, ${minutes} min\n`);
}
process.stdout.write(failed.length === 0 ? '\nAll of it holds.\n' : `\nFailed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
