import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { buildOnce, removeUnused } from '../../support/apps/build-once.ts';
import { findGo } from '../../support/go/go-program.ts';

const run = promisify(execFile);

const MANIFEST = fileURLToPath(new URL('builder.yaml', import.meta.url));
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spanledger/real');
/** What the manifest calls the program. */
const PROGRAM = 'spanledger-test-collector';
const HASH_LENGTH = 12;
/** Cold, it takes five minutes on two idle cores, nearly all of it the compiler's. */
const MAX_BUILD_MS = 1_500_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const BEAT_MS = 30_000;

let built: Promise<string> | undefined;

/**
 * The collector that `builder.yaml` describes, built the first time and kept outside the checkout for the next run;
 * several processes may ask at once.
 *
 * @returns the executable's path
 * @throws Error where there is no Go, or the build fails
 */
export function collectorProgram(): Promise<string> {
  return (built ??= build());
}

async function build(): Promise<string> {
  const manifest = await readFile(MANIFEST, 'utf8');
  const { version, modules } = readManifest(manifest);
  const hash = createHash('sha256').update(manifest).digest('hex').slice(0, HASH_LENGTH);
  const folder = join(CACHE, `collector-${version}-${hash}`);
  await buildOnce(folder, async (empty) => {
    const work = await mkdtemp(join(tmpdir(), 'spanledger-collector-build-'));
    try {
      await compile(work, version, modules);
      await rename(join(work, PROGRAM), join(empty, PROGRAM)).catch(() => copy(work, empty));
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 5 });
    }
    await removeUnused(CACHE, new RegExp(`^collector-[0-9.]+-[0-9a-f]{${HASH_LENGTH}}$`));
  });
  return join(folder, PROGRAM);
}

/** Two file systems: a rename does not reach from one to the other. */
async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['-p', join(from, PROGRAM), join(to, PROGRAM)]);
}

function readManifest(text: string): { version: string; modules: string[] } {
  const manifest: Record<string, unknown> = parse(text);
  const { version }: { version: string } = Object(manifest['dist']);
  const modules = Object.values(manifest)
    .filter((section) => Array.isArray(section))
    .flatMap((section: { gomod: string }[]) => section.map(({ gomod }) => gomod.replace(' ', '@')));
  return { version, modules };
}

/**
 * The builder's own way of resolving wants the modules of all tests of all components, too, some of which cannot be had;
 * `go build` fetches what is compiled, and no more. The versions are those of the manifest and what these demand.
 */
async function compile(work: string, version: string, modules: readonly string[]): Promise<void> {
  const go = await findGo();
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOBIN: work,
    GOWORK: 'off',
    GOFLAGS: '-mod=mod -buildvcs=false',
  };
  const options = { env, timeout: MAX_BUILD_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const sources = join(work, 'build');
  const inSources = { ...options, cwd: sources };
  await step('OpenTelemetry Collector: fetching its builder', () =>
    run(go, ['install', `go.opentelemetry.io/collector/cmd/builder@v${version}`], options),
  );
  const generate = ['--config', MANIFEST, '--skip-get-modules', '--skip-compilation'];
  await run(join(work, 'builder'), generate, { ...options, cwd: work });
  await rm(join(sources, 'go.mod'), { force: true });
  await run(go, ['mod', 'init', PROGRAM], inSources);
  const all = [...modules, `go.opentelemetry.io/collector/otelcol@v${version}`];
  await run(go, ['mod', 'edit', ...all.map((module) => `-require=${module}`)], inSources);
  await step('OpenTelemetry Collector: compiling (five minutes, once)', () =>
    run(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', join(work, PROGRAM), '.'], inSources),
  );
}

/** Says on standard error what is done, and every now and then that it still is. */
async function step(title: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  process.stderr.write(`${title} …\n`);
  const beat = setInterval(() => process.stderr.write(`${title}: ${seconds()} …\n`), BEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(beat);
  }
  process.stderr.write(`${title}: done after ${seconds()}\n`);
}
