import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { REGISTER } from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';

const OLD_NODE = fileURLToPath(new URL('./fixtures/old-node.mjs', import.meta.url));

/** Packages that a future version, or somebody who patches them, might turn into these. */
const MODULES: Readonly<Record<string, string>> = {
  'jose/package.json': '{"name":"jose","version":"7.1.0","type":"module","exports":"./dist/main.js"}',
  'jose/dist/main.js': 'export const jwtVerify = async () => "verified by jose";',
  // The version is covered, its files have moved.
  'nested/node_modules/jose/package.json': '{"name":"jose","version":"5.99.0","main":"moved.js"}',
  'nested/node_modules/jose/moved.js': 'exports.jwtVerify = async () => "verified by the nested one";',
  'nested/package.json': '{"name":"nested","version":"1.0.0","main":"main.js"}',
  'nested/main.js': 'exports.verify = () => require("jose").jwtVerify();',
  // The file is there, functions are not.
  'openid-client/package.json':
    '{"name":"openid-client","version":"6.99.0","type":"module","exports":"./build/index.js"}',
  'openid-client/build/index.js': 'export const authorizationCodeGrant = "no function any more";',
};

const MAIN = `
import { jwtVerify } from 'jose';
import { verify } from 'nested';
import { authorizationCodeGrant } from 'openid-client';
console.log(await jwtVerify());
console.log(await verify());
console.log(authorizationCodeGrant);
`;

test.each([
  ['with synchronous loader hooks', []],
  ['with those on a thread', ['--import', OLD_NODE]],
])('what is not covered is told in one line and works on: %s', async (_node, execArgv) => {
  await using app = await scratchDirectory();
  for (const [file, text] of Object.entries(MODULES)) {
    const path = join(app.path, 'node_modules', file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  await writeFile(join(app.path, 'main.mjs'), MAIN);
  await using child = new ScriptProcess('main.mjs', app.path, {
    execArgv: [...execArgv, '--import', import.meta.resolve(REGISTER)],
    env: { SPANLEDGER_SPOOL_DIR: join(app.path, 'spool') },
  });
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.stdout.split('\n')).toEqual([
    'verified by jose',
    'verified by the nested one',
    'no function any more',
    '',
  ]);
  const lines = child.stderr.split('\n').filter((line) => line.includes('SpanledgerWarning'));
  const uncovered = lines.filter((line) => line.includes('does not cover')).toSorted();
  // By code, in which the version stands.
  expect(uncovered.map((line) => line.slice(line.indexOf('[')))).toEqual([
    expect.stringContaining('jose 5.99.0: the files that define jwtVerify, jwtDecrypt are not there.'),
    expect.stringContaining('jose 7.1.0: covered are the versions 4, 5, 6.'),
  ]);
  const missing = lines.filter((line) => line.includes('does not find'));
  expect(missing).toContainEqual(
    expect.stringContaining(
      'does not find authorizationCodeGrant in build/index.js of openid-client 6.99.0.',
    ),
  );
});
