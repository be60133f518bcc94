import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../../packages/exporter/src/config/index.ts';
import { limitsOf } from '../../../../packages/exporter/src/sessions/session-limits.ts';
import type { SessionsConfig } from '../../../../packages/exporter/src/sessions/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function sessionsOf(text: string): Promise<SessionsConfig> {
  await writeFile(join(directory, 'spanledger.yaml'), text);
  return loadConfig({ directory, env: {} }).sessions;
}

test('an override says only what is different, and the first that fits holds', async () => {
  const config = await sessionsOf(`
sessions:
  inactivity_minutes: 30
  absolute_hours: 10
  clock_skew_seconds: 0.5
  overrides:
    - { issuer: https://id.example, client: kiosk, inactivity_minutes: 2 }
    - { issuer: https://id.example, absolute_hours: 1.5, idle_minutes: 5 }
    - { client: kiosk, idle_minutes: 1 }
`);
  const [minute, hour] = [60_000, 3_600_000];
  expect(config.clockSkewMs).toBe(500);
  const limits = (issuer: string, ...clients: string[]): unknown => limitsOf(config, { issuer, clients });
  const usual = { idleMs: 30 * minute, inactivityMs: 30 * minute, absoluteMs: 10 * hour };
  expect(limits('https://other.example', 'web')).toEqual(usual);
  expect(limits('https://id.example', 'web', 'kiosk')).toEqual({ ...usual, inactivityMs: 2 * minute });
  expect(limits('https://id.example', 'web')).toEqual({
    ...usual,
    idleMs: 5 * minute,
    absoluteMs: 1.5 * hour,
  });
  expect(limits('https://other.example', 'kiosk')).toEqual({ ...usual, idleMs: minute });
});

test.each([
  ['{ idle_minutes: 0 }', /sessions\.idle_minutes: must be above 0/],
  ['{ inactivity_minutes: long }', /sessions\.inactivity_minutes: must be a number of minutes/],
  ['{ absolute_hours: 9000 }', /sessions\.absolute_hours: must be at most 8760/],
  ['{ clock_skew_seconds: -1 }', /sessions\.clock_skew_seconds: must be at least 0/],
  ['{ overrides: [{ idle_minutes: 1 }] }', /sessions\.overrides\.0: must name an issuer, a client or both/],
  ['{ overrides: [{ client: a, timeout: 1 }] }', /sessions\.overrides\.0\.timeout: there is no such field/],
])('refuses sessions: %s', async (text, problem) => {
  await expect(sessionsOf(`sessions: ${text}`)).rejects.toThrow(problem);
});
