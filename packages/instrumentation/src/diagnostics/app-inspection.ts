import { readdirSync, readFileSync, realpathSync, type Dirent } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { memberOf } from '../attach/global-api.ts';
import { coveredMajors, hasHookedFiles, majorOf, rowOf } from '../libraries/catalogue.ts';
import { LIBRARY_VERSIONS } from '../libraries/library-versions.ts';
import type { LibraryVersions } from '../libraries/library.ts';

/** Packages that are looked at; a tree that has more is reported as cut. */
export const MAX_PACKAGES = 50_000;
/** Folders of the application in which a workspace's packages may lie, and how deep. */
const MAX_FOLDERS = 10_000;
const MAX_DEPTH = 6;

const MODULES = 'node_modules';
const INSTRUMENTATION = '@spanledger/instrumentation-oidc';
/** Packages that bring a tracer provider, or register one. */
const PROVIDERS = [
  '@elastic/opentelemetry-node',
  '@opentelemetry/auto-instrumentations-node',
  '@opentelemetry/sdk-node',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-trace-node',
  '@vercel/otel',
];

/** Why a copy of a library is not covered. */
export type UncoveredReason = 'alias' | 'files_missing' | 'version_not_covered';

/** A copy of a known library in an application. */
export interface LibraryCopy {
  readonly library: string;
  readonly version: string | undefined;
  /** Its folder, relative to the application. */
  readonly path: string;
  readonly covered: boolean;
  /** Absent where it is covered. */
  readonly reason?: UncoveredReason;
  /** The functions that are observed, or would be. */
  readonly functions: readonly string[];
  /** The major versions that are covered. */
  readonly majors: string;
}

/** A package that is of interest for another reason. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string | undefined;
  readonly path: string;
}

/** What is installed in an application. */
export interface AppInspection {
  readonly directory: string;
  /** Of its package.json: whether `.js` files are ES modules. */
  readonly esModules: boolean;
  /** Its scripts that name our package. */
  readonly startedWith: readonly string[];
  readonly copies: readonly LibraryCopy[];
  readonly providers: readonly FoundPackage[];
  readonly instrumentation: FoundPackage | undefined;
  readonly packages: number;
  /** Whether there was more than is looked at. */
  readonly truncated: boolean;
}

/**
 * Looks at what is installed in an application: every copy of every known library, nested ones and those of a workspace
 * included, as npm, pnpm and yarn (with node_modules) lay them out. Nothing is loaded and nothing is changed.
 *
 * @param directory - The folder of its package.json.
 * @throws The error of the file system or of the JSON if there is no package.json that can be read.
 */
export function inspectApp(directory: string): AppInspection {
  const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const search = new PackageSearch(directory);
  search.run();
  const scripts = Object.entries(Object(memberOf(manifest, 'scripts')));
  return {
    directory,
    esModules: memberOf(manifest, 'type') === 'module',
    startedWith: scripts
      .filter(([, script]) => String(script).includes(INSTRUMENTATION))
      .map(([name]) => name),
    copies: search.copies.toSorted(byNameAndPath),
    providers: search.providers.toSorted((a, b) => compare(a.name + a.path, b.name + b.path)),
    instrumentation: search.instrumentation,
    packages: search.packages,
    truncated: search.truncated,
  };
}

/** Goes through folders of packages; each is looked at once, by its real path. */
class PackageSearch {
  readonly copies: LibraryCopy[] = [];
  readonly providers: FoundPackage[] = [];
  instrumentation: FoundPackage | undefined;
  packages = 0;
  truncated = false;
  readonly #root: string;
  readonly #byName: ReadonlyMap<string, LibraryVersions>;
  readonly #seen = new Set<string>();
  readonly #waiting: string[] = [];

  constructor(directory: string) {
    this.#root = realpathSync(directory);
    this.#byName = new Map(LIBRARY_VERSIONS.map((versions) => [versions.name, versions]));
  }

  run(): void {
    this.#findModules(this.#root, MAX_DEPTH);
    // As Node looks things up: in a workspace they may lie above the application.
    for (let at = this.#root; dirname(at) !== at; at = dirname(at)) this.#wait(join(dirname(at), MODULES));
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop())
      this.#readModules(next);
  }

  /** The node_modules of the application and of packages below it. */
  #findModules(folder: string, depth: number, budget = { folders: MAX_FOLDERS }): void {
    budget.folders -= 1;
    if (budget.folders < 0) {
      this.truncated = true;
      return;
    }
    for (const entry of entriesOf(folder)) {
      if (entry.name === MODULES) this.#wait(join(folder, MODULES));
      else if (entry.isDirectory() && depth > 0 && !entry.name.startsWith('.'))
        this.#findModules(join(folder, entry.name), depth - 1, budget);
    }
  }

  #wait(modules: string): void {
    const path = realPath(modules);
    if (path === undefined || this.#seen.has(path)) return;
    this.#seen.add(path);
    this.#waiting.push(path);
  }

  #readModules(modules: string): void {
    for (const { name } of entriesOf(modules)) {
      if (name.startsWith('.')) continue;
      if (!name.startsWith('@')) this.#readPackage(modules, name);
      else
        for (const scoped of entriesOf(join(modules, name)))
          this.#readPackage(modules, `${name}/${scoped.name}`);
    }
  }

  #readPackage(modules: string, folderName: string): void {
    const path = realPath(join(modules, folderName));
    if (path === undefined || this.#seen.has(path)) return;
    this.#seen.add(path);
    if (this.packages >= MAX_PACKAGES) {
      this.truncated = true;
      return;
    }
    this.packages += 1;
    // pnpm: the link leads to a folder beside which its dependencies lie.
    const beside = modulesAround(path);
    if (beside !== undefined) this.#wait(beside);
    this.#wait(join(path, MODULES));
    this.#judge(path, folderName);
  }

  #judge(path: string, folderName: string): void {
    const manifest = readManifest(path);
    const said = memberOf(manifest, 'name');
    const name = typeof said === 'string' ? said : folderName;
    const version = memberOf(manifest, 'version');
    const found: FoundPackage = {
      name,
      version: typeof version === 'string' ? version : undefined,
      path: relative(this.#root, path),
    };
    if (name === INSTRUMENTATION) this.instrumentation ??= found;
    if (PROVIDERS.includes(name)) this.providers.push(found);
    const versions = this.#byName.get(name);
    if (versions === undefined) return;
    const row = rowOf(versions, majorOf(found.version));
    // The hooks know a package by the folder that it is loaded from.
    const isAlias = !path.replaceAll('\\', '/').endsWith(`/${MODULES}/${name}`);
    const reason: UncoveredReason | undefined =
      row === undefined
        ? 'version_not_covered'
        : isAlias
          ? 'alias'
          : hasHookedFiles(new URL(`${pathToFileURL(path).href}/`), row)
            ? undefined
            : 'files_missing';
    this.copies.push({
      library: name,
      version: found.version,
      path: found.path,
      covered: reason === undefined,
      ...(reason !== undefined && { reason }),
      functions: row?.functions ?? [],
      majors: coveredMajors(versions),
    });
  }
}

/** The node_modules that a package lies in. */
function modulesAround(path: string): string | undefined {
  const parent = dirname(path);
  const modules = basename(parent).startsWith('@') ? dirname(parent) : parent;
  return basename(modules) === MODULES ? modules : undefined;
}

function readManifest(path: string): unknown {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    return manifest;
  } catch {
    // No package: a folder that somebody left there.
    return undefined;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Not there, or not a folder.
    return [];
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function byNameAndPath(one: LibraryCopy, other: LibraryCopy): number {
  return compare(one.library, other.library) || compare(one.path, other.path);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
