import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { installApp } from '../../support/apps/install-app.ts';
import { runCli } from '../support/run-cli.ts';

const INSTALL_TIMEOUT_MS = 300_000;

interface Line {
  verdict: string;
  subject: string;
  data?: { path?: string; covered?: boolean };
}

async function look(directory: string): Promise<{ status: number | null; lines: Line[] }> {
  const { status, stdout } = await runCli(['doctor', '--app', directory, '--json']);
  const lines: Line[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { status, lines };
}

it(
  'tells of an app that npm has installed what is covered and what is not',
  async () => {
    const { status, lines } = await look(await installApp('express-4-auth'));
    expect(status).toBe(1);
    const subjects = lines.map(({ verdict, subject }) => `${verdict} ${subject}`);
    expect(subjects).toContain('good express-openid-connect 2.20.2');
    expect(subjects).toContain('good keycloak-connect 25.0.6');
    expect(subjects).toContain('bad jose 2.0.7');
    expect(subjects).toContain('good instrumentation');
    expect(subjects).toContain('good tracer provider');
  },
  INSTALL_TIMEOUT_MS,
);

it('finds in a workspace of pnpm what its packages have installed', async () => {
  const { lines } = await look(fileURLToPath(new URL('../../../packages/demo/', import.meta.url)));
  const provider = lines.filter(({ subject }) => subject.startsWith('oidc-provider '));
  expect(provider).toHaveLength(1);
  expect(provider[0]?.verdict).toBe('good');
  expect(provider[0]?.data?.path).toContain('.pnpm');
});
