import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildOnce, removeUnused } from '../apps/build-once.ts';

const run = promisify(execFile);

/** The Go module of most programs; its go.mod and go.sum pin what they are built of. */
const INTEROP_MODULE = fileURLToPath(new URL('../../interop/go/', import.meta.url));
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spanledger/go');
/** Where Go's own installer puts it, which is not on everybody's path. */
const USUAL_FOLDERS = ['/usr/local/go/bin', '/usr/lib/go/bin', join(homedir(), 'go/bin')];
const HASH_LENGTH = 12;
/** A cold build fetches and compiles everything: a minute on two idle cores. */
const MAX_BUILD_MS = 280_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

const built = new Map<string, Promise<string>>();

/**
 * Builds a Go program once and keeps it outside the checkout for the next run, by Go's version, what go.mod and go.sum
 * pin, and its source.
 *
 * @param name a folder of the module, or the import path of a command that its go.mod names as a `tool`
 * @param module the folder of the module's go.mod; default: `test/interop/go/`
 * @returns the executable's path
 * @throws Error where there is no Go, or the build fails; says what to do
 */
export function goProgram(name: string, module: string = INTEROP_MODULE): Promise<string> {
  const place = join(module, name);
  const known = built.get(place) ?? build(name, module);
  built.set(place, known);
  return known;
}

async function build(name: string, module: string): Promise<string> {
  const go = await findGo();
  const env = { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' };
  const { stdout: version } = await run(go, ['version'], { cwd: module, env });
  const isTool = name.includes('/');
  const hash = createHash('sha256').update(version).update(name);
  for (const file of ['go.mod', 'go.sum', ...(isTool ? [] : await sources(name, module))])
    hash.update(`\0${file}\0`).update(await readFile(join(module, file)));
  const program = basename(name);
  const folder = join(CACHE, `${program}-${hash.digest('hex').slice(0, HASH_LENGTH)}`);
  await buildOnce(folder, async (empty) => {
    const args = ['build', '-trimpath', '-o', join(empty, program), isTool ? name : `./${name}`];
    await run(go, args, { cwd: module, env, timeout: MAX_BUILD_MS, maxBuffer: MAX_OUTPUT_BYTES });
    await removeUnused(CACHE, new RegExp(`^${program}-[0-9a-f]{${HASH_LENGTH}}$`));
  });
  return join(folder, program);
}

async function sources(name: string, module: string): Promise<string[]> {
  const files = await readdir(join(module, name));
  return files
    .filter((file) => file.endsWith('.go'))
    .sort()
    .map((file) => `${name}/${file}`);
}

/** The `go` of the path, else one where its installer puts it. */
export async function findGo(): Promise<string> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...USUAL_FOLDERS];
  for (const folder of folders.filter((candidate) => candidate !== '')) {
    const go = join(folder, 'go');
    const isThere = await access(go).then(
      () => true,
      () => false,
    );
    if (isThere) return go;
  }
  throw new Error(
    'There is no Go on this machine. These tests read our logs with the tools of others, which are Go: install Go 1.26 or newer (https://go.dev/doc/install) and have `go` on the PATH.',
  );
}
