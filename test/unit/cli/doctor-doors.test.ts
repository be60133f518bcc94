import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToken, dataDirectory, revokeToken, rotateToken } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCertificate, checkTokens } from '../../../packages/cli/src/commands/doctor/doors.ts';
import { issueCertificate, makeAuthority } from '../../support/tls/certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanledger-doctor-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the certificate of the service', () => {
  const look = async (file: string, keyFile: string, nowMs: number) => {
    const env = { SPANLEDGER_TLS_CERT_FILE: file, SPANLEDGER_TLS_KEY_FILE: keyFile };
    const [finding, ...others] = await checkCertificate(env, nowMs);
    expect(others).toEqual([]);
    return finding;
  };

  it('is good, ends soon, has ended, or does not count yet', async () => {
    // Good for two days from now on.
    const { certFile, keyFile } = await issueCertificate(folder, await makeAuthority(folder), 'service');
    const now = Date.now();
    expect(await look(certFile, keyFile, now)).toMatchObject({
      verdict: 'warning',
      detail: expect.stringMatching(/service\.crt is good until 20\d\d-/),
      fix: expect.stringContaining('Renew it'),
    });
    expect((await look(certFile, keyFile, now - 13 * DAY_MS))?.verdict).toBe('bad');
    expect(await look(certFile, keyFile, now + 3 * DAY_MS)).toMatchObject({
      verdict: 'bad',
      detail: expect.stringContaining('service.crt ended at'),
    });
  });

  it('is said to be unreadable', async () => {
    const file = join(folder, 'none.crt');
    expect(await look(file, file, NOW_MS)).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining(file),
    });
    await writeFile(file, 'no certificate');
    expect((await look(file, file, NOW_MS))?.verdict).toBe('warning');
  });

  it('is not looked for where none is configured, or the configuration is wrong', async () => {
    expect(await checkCertificate({}, NOW_MS)).toEqual([]);
    expect(await checkCertificate({ SPANLEDGER_PORT: 'x' }, NOW_MS)).toEqual([]);
  });
});

describe('the tokens of a data directory', () => {
  const make = (name: string, days?: number) =>
    createToken(
      dataDirectory(folder).tokens,
      {
        role: 'auditor',
        services: [],
        name,
        ...(days !== undefined && { expiresMs: NOW_MS + days * DAY_MS }),
      },
      NOW_MS,
    );

  it('are not told of where there are none', () => {
    expect(checkTokens(folder, NOW_MS)).toEqual([]);
  });

  it('are good, with the first end', async () => {
    await make('for ever');
    expect(checkTokens(folder, NOW_MS)).toMatchObject([{ verdict: 'good', detail: '1 count, none ends' }]);
    await make('for long', 90);
    expect(checkTokens(folder, NOW_MS)).toMatchObject([
      { verdict: 'good', detail: '2 count, the first ends at 2027-02-20T12:00:00.000Z' },
    ]);
  });

  it('are named when they end soon, unless they have ended, were revoked or have a successor', async () => {
    await make('for long', 90);
    await make('second', 13);
    await make('first', 1);
    await make('ended', -1);
    const { tokens } = dataDirectory(folder);
    await revokeToken(tokens, (await make('revoked', 2)).stored.id, NOW_MS);
    await rotateToken(tokens, (await make('rotated', 3)).stored.id, {
      overlapMs: DAY_MS,
      expiresMs: NOW_MS + 90 * DAY_MS,
      nowMs: NOW_MS,
    });
    expect(checkTokens(folder, NOW_MS)).toEqual([
      {
        verdict: 'warning',
        subject: 'tokens',
        detail:
          'end soon: first (auditor) at 2026-11-23T12:00:00.000Z; second (auditor) at 2026-12-05T12:00:00.000Z',
        fix: expect.stringContaining('rotate'),
      },
    ]);
  });

  it('are said to be damaged', async () => {
    const { stored } = await make('good');
    await writeFile(join(dataDirectory(folder).tokens, `${stored.id}.json`), '{');
    expect(checkTokens(folder, NOW_MS)).toMatchObject([{ verdict: 'bad' }]);
  });
});
