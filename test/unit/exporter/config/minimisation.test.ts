import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../../packages/exporter/src/config/index.ts';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function load(privacy: string): Promise<Config['minimisation'] | string> {
  await writeFile(join(directory, 'spanledger.yaml'), `privacy: ${privacy}\n`);
  try {
    return loadConfig({ directory, env: {} }).minimisation;
  } catch (error) {
    if (error instanceof ExporterError && error.code === 'config_invalid') return error.message;
    throw error;
  }
}

test('nothing is taken away by itself, and what looks personal is moved', async () => {
  expect(await load('{}')).toEqual({ fields: [], quarantine: true, quarantineExcept: [] });
});

test('rules are taken as they stand', async () => {
  const rule =
    '{ fields: [user.*, attributes.a.b, network], action: drop, services: [shop], routes: ["/people/*"] }';
  expect(await load(`{ fields: [${rule}], quarantine: false, quarantine_except: [http.route] }`)).toEqual({
    fields: [
      {
        fields: ['user.*', 'attributes.a.b', 'network'],
        action: 'drop',
        services: ['shop'],
        routes: ['/people/*'],
      },
    ],
    quarantine: false,
    quarantineExcept: ['http.route'],
  });
});

test('all that is wrong is told at once, with the field', async () => {
  const rules = [
    '{ fields: [http.route], action: drop }',
    '{ fields: [user.id], action: drop }',
    '{ fields: [oidc.session.id], action: truncate }',
    '{ fields: ["user.*.x", "a..b"], action: keep }',
  ];
  const problems = await load(`{ fields: [${rules.join(', ')}], quarantine_except: [user.email] }`);
  expect(problems).toMatch(/privacy\.fields\.0\.fields: http\.route stands in the clear/);
  expect(problems).toMatch(/privacy\.fields\.1\.fields: user\.id says whose record it is.*not dropped/);
  expect(problems).toMatch(
    /privacy\.fields\.2\.fields: oidc\.session\.id says whose record it is.*not truncated/,
  );
  expect(problems).toMatch(/privacy\.fields\.3\.fields: user\.\*\.x is no field/);
  expect(problems).toMatch(/privacy\.fields\.3\.fields: a\.\.b is no field/);
  expect(problems).toMatch(/privacy\.quarantine_except: user\.email is none of the fields/);
});

test.each([
  [
    '{ fields: [{ fields: [client.address], action: hash }] }',
    /privacy\.fields\.0\.action: must be one of keep/,
  ],
  ['{ fields: [{ fields: [], action: drop }] }', /privacy\.fields\.0\.fields: must name at least one/],
  ['{ fields: [{ action: drop }] }', /privacy\.fields\.0\.fields: must be a list of fields/],
  ['{ field: [] }', /privacy\.field: there is no such field/],
])('%s is refused', async (text, message) => {
  expect(await load(text)).toMatch(message);
});
