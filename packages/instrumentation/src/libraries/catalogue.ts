import { existsSync, readFileSync } from 'node:fs';
import { memberOf } from '../attach/global-api.ts';
import type { HookedFile, LibraryVersions, VersionRow } from './library.ts';

const MODULES = '/node_modules/';

/** A file of a known library: where its package is, and which file of it this is. */
export interface FoundFile<T extends LibraryVersions> {
  readonly versions: T;
  /** The package's folder, as the path or URL that was asked about. */
  readonly directory: string;
  /** Inside the package, with slashes. */
  readonly path: string;
}

/** Finds out whether a file that is being loaded belongs to a known library. Asked about every file: it must be cheap. */
export class Catalogue<T extends LibraryVersions> {
  readonly #byName: ReadonlyMap<string, T>;

  constructor(libraries: readonly T[]) {
    this.#byName = new Map(libraries.map((versions) => [versions.name, versions]));
  }

  /**
   * @param location - Path (with slashes) or file URL of a file.
   * @returns Undefined unless it is a file of a known library.
   */
  find(location: string): FoundFile<T> | undefined {
    const at = location.lastIndexOf(MODULES);
    if (at === -1) return undefined;
    const start = at + MODULES.length;
    const first = location.indexOf('/', start);
    const end = location.codePointAt(start) === 0x40 ? location.indexOf('/', first + 1) : first;
    if (end === -1) return undefined;
    const versions = this.#byName.get(location.slice(start, end));
    if (versions === undefined) return undefined;
    const query = location.indexOf('?', end);
    return {
      versions,
      directory: location.slice(0, end),
      path: location.slice(end + 1, query === -1 ? undefined : query),
    };
  }
}

/** The row of a major version; undefined where it is not covered. */
export function rowOf(versions: LibraryVersions, major: number): VersionRow | undefined {
  return versions.rows.find(({ majors }) => majors.includes(major));
}

/** The major versions that a table covers, for people: `4, 5, 6`. */
export function coveredMajors(versions: LibraryVersions): string {
  return versions.rows
    .flatMap(({ majors }) => majors)
    .toSorted((a, b) => a - b)
    .join(', ');
}

/** The files of a library that are hooked in a format, of whichever version: a path says which code it is. */
export function hookedFiles(versions: LibraryVersions, format: HookedFile['format']): string[] {
  return versions.rows.flatMap(({ files }) =>
    files.filter((file) => file.format === format).map(({ path }) => path),
  );
}

/** Whether a package has the files in which its functions are hooked, as far as the table knows. */
export function hasHookedFiles(directory: URL, row: VersionRow): boolean {
  return row.files.some(({ path }) => existsSync(new URL(path, directory)));
}

/** A package's version, as its package.json says; undefined where it says none. */
export function readVersion(directory: URL): string | undefined {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', directory), 'utf8'));
  const version = memberOf(manifest, 'version');
  return typeof version === 'string' ? version : undefined;
}

/** The major part of a version; NaN for what is none. */
export function majorOf(version: string | undefined): number {
  return Number.parseInt(version ?? '', 10);
}
