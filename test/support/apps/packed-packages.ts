import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { runNpm } from './npm.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PUBLISHED = '@spanledger/instrumentation-oidc';
const DEPENDENCY_FIELDS = ['dependencies', 'peerDependencies', 'optionalDependencies'] as const;

type Dependencies = Record<string, string>;
type Manifest = { name: string; version: string } & Partial<
  Record<(typeof DEPENDENCY_FIELDS)[number], Dependencies>
>;
type Workspace = Map<string, { folder: string; manifest: Manifest }>;

/** The instrumentation and what it needs of the workspace, as they would be published. */
export interface PackedPackages {
  /** Differs whenever what is in the packages does. */
  readonly hash: string;
  /** Writes the tarballs into a folder and returns their file names. */
  pack(folder: string): Promise<string[]>;
}

/** Looks at what is built; packing is left until it is needed. */
export async function readPackages(): Promise<PackedPackages> {
  const workspace = await readWorkspace();
  const catalog: unknown = parse(await readFile(join(ROOT, 'pnpm-workspace.yaml'), 'utf8')).catalog;
  const versions: Dependencies = Object(catalog);
  const packages = reachable(workspace, PUBLISHED).map(({ folder, manifest }) => ({
    folder,
    manifest: publishable(manifest, workspace, versions),
  }));
  const hash = createHash('sha256');
  for (const { folder, manifest } of packages) {
    hash.update(JSON.stringify(manifest));
    await hashFolder(hash, join(folder, 'dist'));
  }
  return {
    hash: hash.digest('hex'),
    pack: (target) => pack(packages, target),
  };
}

/** Adds the names and contents of a folder's files. */
export async function hashFolder(hash: ReturnType<typeof createHash>, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.tsbuildinfo'));
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(`\0${path.slice(folder.length)}\0`).update(await readFile(path));
  }
}

async function pack(
  packages: readonly { folder: string; manifest: Manifest }[],
  target: string,
): Promise<string[]> {
  await mkdir(target, { recursive: true });
  const stage = await mkdtemp(join(target, 'stage-'));
  try {
    const names: string[] = [];
    for (const [index, { folder, manifest }] of packages.entries()) {
      const copy = join(stage, String(index));
      await cp(folder, copy, { recursive: true, filter: (path) => !path.endsWith('/node_modules') });
      await writeFile(join(copy, 'package.json'), JSON.stringify(manifest, null, 2));
      const report: unknown = JSON.parse(await runNpm(['pack', '--ignore-scripts', '--json'], copy));
      const [file] = (await readdir(copy)).filter((name) => name.endsWith('.tgz'));
      if (file === undefined) throw new Error(`npm pack left no tarball: ${JSON.stringify(report)}`);
      await rename(join(copy, file), join(target, file));
      names.push(file);
    }
    return names;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

async function readWorkspace(): Promise<Workspace> {
  const workspace: Workspace = new Map();
  for (const name of await readdir(join(ROOT, 'packages'))) {
    const folder = join(ROOT, 'packages', name);
    const manifest: Manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    workspace.set(manifest.name, { folder, manifest });
  }
  return workspace;
}

/** A package and every package of the workspace that it depends on, dependencies first. */
function reachable(
  workspace: Workspace,
  name: string,
  seen = new Set<string>(),
): { folder: string; manifest: Manifest }[] {
  const found = workspace.get(name);
  if (found === undefined || seen.has(name)) return [];
  seen.add(name);
  const needed = Object.keys(found.manifest.dependencies ?? {});
  return [...needed.flatMap((dependency) => reachable(workspace, dependency, seen)), found];
}

/** What `pnpm pack` does to a package.json: versions in the place of `workspace:` and `catalog:`. */
function publishable(manifest: Manifest, workspace: Workspace, catalog: Dependencies): Manifest {
  const { devDependencies: _unpublished, ...published } = { devDependencies: undefined, ...manifest };
  for (const field of DEPENDENCY_FIELDS) {
    const dependencies = manifest[field];
    if (dependencies === undefined) continue;
    published[field] = Object.fromEntries(
      Object.entries(dependencies).map(([name, range]) => [name, resolve(name, range)]),
    );
  }
  return published;

  function resolve(name: string, range: string): string {
    if (!/^(?:workspace|catalog):/.test(range)) return range;
    const version = { 'workspace:*': workspace.get(name)?.manifest.version, 'catalog:': catalog[name] }[
      range
    ];
    if (version === undefined)
      throw new Error(`${manifest.name} needs ${name} as ${range}: nothing says what that is`);
    return version;
  }
}
