import { createRequire } from 'node:module';

const manifest: { readonly name: string; readonly version: string } = createRequire(import.meta.url)(
  '../package.json',
);

/** The name of this package: also that of its instrumentation scope. */
export const PACKAGE_NAME: string = manifest.name;

/** The version of this package. */
export const PACKAGE_VERSION: string = manifest.version;
