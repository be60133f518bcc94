/**
 * Where jose keeps `jwtVerify`. Version 6 has one build for all runtimes; its main file and the `jose/jwt/verify`
 * subpath both lead to the same module.
 */
export const JOSE_VERSIONS = '6';

export const JOSE_FILES: readonly RegExp[] = [/\/node_modules\/jose\/dist\/webapi\/jwt\/verify\.js$/];

export const JOSE_ENTRY_FILES: readonly RegExp[] = [/\/node_modules\/jose\/dist\/webapi\/index\.js$/];
