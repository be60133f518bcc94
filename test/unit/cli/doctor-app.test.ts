import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHere } from '../../support/cli/context.ts';

const JOSE = 'dist/webapi/jwt/verify.js';
const JSONWEBTOKEN = 'verify.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'spanledger-app-'));
  await file('package.json', { name: 'shop', type: 'module' });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function file(path: string, content: object | string): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, typeof content === 'string' ? content : JSON.stringify(content));
}

async function install(path: string, name: string, version: string, files: string[] = []): Promise<void> {
  await file(`${path}/package.json`, { name, version });
  for (const each of files) await file(`${path}/${each}`, '');
}

interface Line {
  verdict: string;
  subject: string;
  fix?: string;
  data?: { path?: string; covered?: boolean; reason?: string; functions?: string[] };
}

async function look(directory = root): Promise<{ status: number; lines: Line[] }> {
  const { status, stdout } = await runHere(['doctor', '--app', directory, '--json']);
  const lines: Line[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { status, lines };
}

async function copies(directory?: string): Promise<(string | boolean | undefined)[][]> {
  const { lines } = await look(directory);
  return lines
    .filter(({ data }) => data?.covered !== undefined)
    .map(({ subject, data }) => [subject, data?.path, data?.reason ?? data?.covered]);
}

describe('doctor --app', () => {
  it('lists every copy, nested ones included, and ends with 1 if one is not covered', async () => {
    await install('node_modules/jose', 'jose', '6.1.0', [JOSE]);
    await install('node_modules/a/node_modules/jose', 'jose', '2.0.7');
    await install('node_modules/a', 'a', '1.0.0');
    await install('node_modules/@scope/b/node_modules/jose', 'jose', '6.1.0');
    await install('node_modules/@scope/b', '@scope/b', '1.0.0');
    expect(await copies()).toEqual([
      ['jose 6.1.0', 'node_modules/@scope/b/node_modules/jose', 'files_missing'],
      ['jose 2.0.7', 'node_modules/a/node_modules/jose', 'version_not_covered'],
      ['jose 6.1.0', 'node_modules/jose', true],
    ]);
    const { status, lines } = await look();
    expect(status).toBe(1);
    expect(lines[1]?.fix).toContain('bindSession');
    await rm(join(root, 'node_modules/a'), { recursive: true });
    await rm(join(root, 'node_modules/@scope'), { recursive: true });
    expect((await look()).status).toBe(0);
  });

  it('follows the links of pnpm to what lies beside their targets, once', async () => {
    const store = 'node_modules/.pnpm';
    await install(`${store}/express-jwt@8.0.0/node_modules/express-jwt`, 'express-jwt', '1.0.0');
    await install(`${store}/jsonwebtoken@9.0.0/node_modules/jsonwebtoken`, 'jsonwebtoken', '9.0.0', [
      JSONWEBTOKEN,
    ]);
    const links: [string, string][] = [
      ['.pnpm/express-jwt@8.0.0/node_modules/express-jwt', 'node_modules/express-jwt'],
      [
        '../../jsonwebtoken@9.0.0/node_modules/jsonwebtoken',
        `${store}/express-jwt@8.0.0/node_modules/jsonwebtoken`,
      ],
    ];
    for (const [target, link] of links) await symlink(target, join(root, link));
    expect(await copies()).toEqual([
      ['express-jwt 1.0.0', `${store}/express-jwt@8.0.0/node_modules/express-jwt`, 'version_not_covered'],
      ['jsonwebtoken 9.0.0', `${store}/jsonwebtoken@9.0.0/node_modules/jsonwebtoken`, true],
    ]);
  });

  it('looks into the packages of a workspace, and above one of them', async () => {
    await file('packages/web/package.json', { name: 'web' });
    await install('packages/web/node_modules/jose', 'jose', '6.0.0', [JOSE]);
    await install('node_modules/jsonwebtoken', 'jsonwebtoken', '9.0.0', [JSONWEBTOKEN]);
    expect(await copies()).toEqual([
      ['jose 6.0.0', 'packages/web/node_modules/jose', true],
      ['jsonwebtoken 9.0.0', 'node_modules/jsonwebtoken', true],
    ]);
    expect(await copies(join(root, 'packages/web'))).toEqual([
      ['jose 6.0.0', 'node_modules/jose', true],
      ['jsonwebtoken 9.0.0', '../../node_modules/jsonwebtoken', true],
    ]);
  });

  it('knows a library that is installed under another name', async () => {
    await install('node_modules/jose-six', 'jose', '6.0.0', [JOSE]);
    expect(await copies()).toEqual([['jose 6.0.0', 'node_modules/jose-six', 'alias']]);
  });

  it('says what OpenTelemetry and the start need', async () => {
    const verdicts = async (): Promise<string[]> =>
      (await look()).lines.map(({ verdict, subject }) => `${subject}: ${verdict}`);
    expect(await verdicts()).toEqual([
      'libraries: warning',
      'instrumentation: warning',
      'start: warning',
      'tracer provider: warning',
    ]);
    const start = 'node --import @spanledger/instrumentation-oidc/register app.js';
    await file('package.json', { name: 'shop', type: 'module', scripts: { start } });
    await install('node_modules/jose', 'jose', '6.0.0', [JOSE]);
    await install(
      'node_modules/@spanledger/instrumentation-oidc',
      '@spanledger/instrumentation-oidc',
      '1.0.0',
    );
    await install('node_modules/@opentelemetry/sdk-trace-base', '@opentelemetry/sdk-trace-base', '2.1.0');
    await install('node_modules/@opentelemetry/sdk-trace', '@opentelemetry/sdk-trace', '9.0.0');
    expect(await verdicts()).toEqual([
      'jose 6.0.0: good',
      'instrumentation: good',
      'start: good',
      'tracer provider: good',
      'tracer provider: warning',
      'module hook: good',
    ]);
  });

  it('is told where there is no application, with the file and what to do', async () => {
    await rm(join(root, 'package.json'));
    const { status, stderr } = await runHere(['doctor', '--app', root]);
    expect(status).toBe(2);
    expect(stderr).toContain(join(root, 'package.json'));
    expect(stderr).toContain('Name the folder of an application');
    await file('package.json', '{');
    expect(await runHere(['doctor', '--app', root])).toMatchObject({ status: 2 });
  });

  it('prints for people what it prints for programs', async () => {
    await install('node_modules/jose', 'jose', '1.0.0');
    const { stdout } = await runHere(['doctor', '--app', root]);
    expect(stdout).toContain(
      'BAD   jose 1.0.0: not covered: covered are the versions 4, 5, 6 (node_modules/jose)',
    );
  });
});
