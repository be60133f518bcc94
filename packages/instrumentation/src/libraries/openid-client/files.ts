/** openid-client 6 is one file; earlier versions are classes and look different. */
export const OPENID_CLIENT_VERSIONS = '6';

export const OPENID_CLIENT_FILES: readonly RegExp[] = [/\/node_modules\/openid-client\/build\/index\.js$/];
