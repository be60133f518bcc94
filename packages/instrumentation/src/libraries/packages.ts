import { pathToFileURL } from 'node:url';
import { guarded, warnOnce } from '../warning.ts';
import {
  coveredMajors,
  hasHookedFiles,
  majorOf,
  readVersion,
  rowOf,
  type Catalogue,
  type FoundFile,
} from './catalogue.ts';
import type { LibraryVersions } from './library.ts';

/** Copies of libraries that one process may load and still have each of them looked at. */
const MAX_COPIES = 1_000;

/** A file of a known library, and its package's version. */
export interface SeenFile<T extends LibraryVersions> extends FoundFile<T> {
  readonly library: string;
  readonly version: string | undefined;
}

/** The copies of the known libraries that this process has loaded: each is looked at once. */
export class Packages<T extends LibraryVersions> {
  readonly #catalogue: Catalogue<T>;
  /** Versions by folder. */
  readonly #copies = new Map<string, string | undefined>();

  constructor(catalogue: Catalogue<T>) {
    this.#catalogue = catalogue;
  }

  /**
   * Notes that a file is being loaded, and tells the operator if it belongs to a version that is not covered.
   *
   * @param location - Path (with slashes) or file URL.
   * @returns The file and its package's version, if it is one of a known library.
   */
  see(location: string): SeenFile<T> | undefined {
    const found = this.#catalogue.find(location);
    if (found === undefined) return undefined;
    const { directory, versions } = found;
    if (!this.#copies.has(directory) && this.#copies.size < MAX_COPIES) {
      this.#copies.set(
        directory,
        guarded('LIBRARY_VERSION', () => lookAt(versions, directory)),
      );
    }
    return { ...found, library: versions.name, version: this.#copies.get(directory) };
  }
}

function lookAt(versions: LibraryVersions, directory: string): string | undefined {
  const url = directory.startsWith('file:')
    ? new URL(`${directory}/`)
    : new URL(`${pathToFileURL(directory).href}/`);
  const version = readVersion(url);
  const row = rowOf(versions, majorOf(version));
  if (row === undefined) {
    warnUncovered(versions.name, version, `covered are the versions ${coveredMajors(versions)}`);
  } else if (!hasHookedFiles(url, row)) {
    warnUncovered(versions.name, version, `the files that define ${row.functions.join(', ')} are not there`);
  }
  return version;
}

function warnUncovered(name: string, version: string | undefined, why: string): void {
  warnOnce(
    `SPANLEDGER_UNCOVERED_${`${name}_${version ?? ''}`.replaceAll(/\W+/g, '_').toUpperCase()}`,
    `Spanledger does not cover ${name} ${version ?? '(no version)'}: ${why}. What it does may not be recorded.`,
  );
}
