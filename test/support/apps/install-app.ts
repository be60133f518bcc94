import { createHash } from 'node:crypto';
import {
  copyFile,
  cp,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, removeUnused } from './build-once.ts';
import { INSTALL_OPTIONS, runNpm } from './npm.ts';
import { hashFolder, readPackages, type PackedPackages } from './packed-packages.ts';

const APPS = fileURLToPath(new URL('../../apps/', import.meta.url));
/** Files that every app gets: its telemetry. */
const SHARED = join(APPS, 'shared');
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spanledger/apps');
/** Raise it when folders are made in another way. */
const FORMAT = 1;
const HASH_LENGTH = 12;
/** What npm rewrites in place, and what must therefore not be shared between folders. */
const REWRITTEN = ['package.json', 'package-lock.json', 'node_modules/.package-lock.json'];

let packages: Promise<PackedPackages> | undefined;
const installed = new Map<string, Promise<string>>();

/**
 * Installs an app of `test/apps/` as its user would: npm installs what its package.json names, and then our packages
 * from tarballs, in a folder outside the checkout. The folder is kept for the next run; it changes its name with the
 * app, with what is built of our packages, and with Node.
 *
 * Installs run no scripts unless the app's package.json says `"config": { "installScripts": true }`, and bring peer
 * dependencies unless it says `"omitPeers": true` there: a framework that a library names and the app does not load.
 *
 * @param name the app's folder under `test/apps/`
 * @returns the folder in which its scripts run
 */
export function installApp(name: string): Promise<string> {
  const known = installed.get(name) ?? install(name);
  installed.set(name, known);
  return known;
}

async function install(name: string): Promise<string> {
  packages ??= readPackages();
  const ours = await packages;
  const source = join(APPS, name);
  const manifest = await readFile(join(source, 'package.json'), 'utf8');
  const { config = {} } = JSON.parse(manifest);
  const scripts = config.installScripts === true ? [] : ['--ignore-scripts'];
  const peers = config.omitPeers === true ? ['--omit=peer'] : [];
  const options = [...INSTALL_OPTIONS, ...scripts, ...peers];
  const machine = [process.platform, process.arch, process.versions.modules];
  const bare = join(CACHE, `${name}-${shortHash(JSON.stringify([FORMAT, manifest, options, machine]))}`);

  const hash = createHash('sha256').update(ours.hash);
  for (const folder of [SHARED, source]) await hashFolder(hash, folder);
  const folder = `${bare}-${hash.digest('hex').slice(0, HASH_LENGTH)}`;

  await buildOnce(folder, async (whole) => {
    await buildOnce(bare, async (empty) => {
      await copyFile(join(source, 'package.json'), join(empty, 'package.json'));
      await runNpm(['install', ...options], empty);
    });
    await cloneFolder(bare, whole);
    for (const file of REWRITTEN) {
      const own = await readFile(join(bare, file));
      await rm(join(whole, file));
      await writeFile(join(whole, file), own);
    }
    const tarballs = await ours.pack(join(whole, 'packed'));
    // What was packed must be what the folder is named after.
    if ((await readPackages()).hash !== ours.hash)
      throw new Error('our packages were built while they were packed');
    await runNpm(['install', ...options, ...tarballs.map((file) => `./packed/${file}`)], whole);
    for (const from of [SHARED, source]) {
      const filter = (path: string): boolean => !REWRITTEN.includes(relative(from, path));
      await cp(from, whole, { recursive: true, filter });
    }
    await removeUnused(CACHE, new RegExp(`^${name}-[0-9a-f]{${HASH_LENGTH}}(?:[-.]|$)`));
  });
  return folder;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
}

/** Copies by links, for packages are many files and nobody writes into them. */
async function cloneFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await cloneFolder(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await link(source, target);
  }
}
