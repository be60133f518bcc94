import { types } from 'node:util';
import { majorOf } from './catalogue.ts';
import type { LoadedFile } from './library.ts';

/** Which file of which version was loaded. */
export type FileIdentity = Pick<LoadedFile, 'library' | 'version' | 'path'>;

class IdentifiedFile {
  readonly library: string;
  readonly version: string | undefined;
  readonly major: number;
  readonly path: string;

  constructor({ library, version, path }: FileIdentity) {
    this.library = library;
    this.version = version;
    this.major = majorOf(version);
    this.path = path;
  }
}

/** A CommonJS module, or what `require` gives for an ES module, when its code has run. */
export class RequiredFile extends IdentifiedFile implements LoadedFile {
  readonly #module: { exports: unknown };

  constructor(identity: FileIdentity, module: { exports: unknown }) {
    super(identity);
    this.#module = module;
  }

  get exports(): unknown {
    return this.#module.exports;
  }

  set(name: string, value: unknown): void {
    const { exports } = this.#module;
    if (typeof exports !== 'object' && typeof exports !== 'function') return;
    if (exports === null) return;
    if (!types.isModuleNamespaceObject(exports) && put(exports, name, value)) return;
    // A namespace, or a frozen object: the caller gets a copy, and so does everybody who requires it later.
    // Of a function there is none that is called as it is: better unobserved than broken.
    if (typeof exports === 'function') throw new TypeError('exports cannot be changed');
    const copy: object = Object.create(Object.getPrototypeOf(exports));
    for (const key of Reflect.ownKeys(exports)) {
      const enumerable = Object.prototype.propertyIsEnumerable.call(exports, key);
      Reflect.defineProperty(copy, key, { ...plain(Reflect.get(exports, key)), enumerable });
    }
    Reflect.defineProperty(copy, name, plain(value));
    this.#module.exports = copy;
  }

  replace(value: unknown): void {
    this.#module.exports = value;
  }
}

/** An ES module, through import-in-the-middle's view: writing to it changes what importers see. */
export class ImportedFile extends IdentifiedFile implements LoadedFile {
  readonly exports: object;

  constructor(identity: FileIdentity, namespace: object) {
    super(identity);
    this.exports = namespace;
  }

  set(name: string, value: unknown): void {
    Reflect.set(this.exports, name, value);
  }

  replace(value: unknown): void {
    this.set('default', value);
  }
}

/** Sets a property whichever way it allows; compilers make exports that are getters. */
export function put(target: object, name: PropertyKey, value: unknown): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  if (descriptor?.configurable === false) {
    return descriptor.writable === true && Reflect.set(target, name, value);
  }
  const enumerable = descriptor?.enumerable ?? true;
  return Reflect.defineProperty(target, name, { value, enumerable, writable: true, configurable: true });
}

function plain(value: unknown): PropertyDescriptor {
  return { value, enumerable: true, writable: true, configurable: true };
}
