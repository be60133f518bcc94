import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createToken, dataDirectory } from '@spanledger/audit-exporter';
import { ServiceProcess } from '../support/exporter/service-process.ts';
import { makeDataDirectory, readEntries, verifyDirectory, waitFor } from '../support/exporter/service.ts';
import { type Day, INCIDENTS, PEOPLE, scriptDay, SPANS } from './day.ts';
import { AUDITORS, PAGE_RECORDS } from './day/day-incidents.ts';
import { askAnswers, askReferences, type DayAnswers, expectedAnswers } from './day/day-answers.ts';

const SEED = 'day';
const DAY_MS = 86_400_000;
const SETTLE_MS = 60_000;

/** What follows from something is on its way to the ledger no longer than this. */
const SETTLED_MS = 60;

/** After so many requests, some half an hour of the day, the followers are waited for: what they derive comes in its time. */
const PACE = 2;

/** What follows the ledger, and can be thrown away. */
const FOLLOWERS = ['index', 'sessions', 'alerts', 'completeness'];

const CONFIG = `
completeness:
  grace_seconds: 6
  silence_minutes: 0.2
policy:
  file: audit-policy.yaml
`;

const POLICY = `
version: 1
roles: [user, admin]
rules: []
protect:
  - admin-only: /admin/**
`;

test('a scripted day: every planted alert and no other, exact sessions and tokens, after kill -9 and a rebuild as well', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await writeFile(join(data.path, 'spanledger.yaml'), CONFIG);
  await writeFile(join(data.path, 'audit-policy.yaml'), POLICY);
  const doors = await makeTokens(data.path);
  const yesterday = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
  const day = scriptDay(SEED, yesterday);
  expect(day).toMatchObject({ spans: SPANS });
  expect(day.people.size).toBe(PEOPLE);
  expect(day.incidents.filter(({ alerts }) => alerts.length > 0)).toHaveLength(INCIDENTS);

  await using service = new ServiceProcess(data.path);
  await service.start();
  const noon = Math.floor(day.requests.length / 2);
  for (const [i, request] of day.requests.entries()) {
    if (i === noon) await killDuring(service, request, doors);
    await send(service, request, doors);
    if (i % PACE === PACE - 1) await followed(service, doors);
  }
  for (const { name, pages } of AUDITORS) await read(service, pages, doors.get(name));
  await demandAnswers(day, data.path);

  await caughtUp(service, doors);
  await service.kill();
  const before = await numbersOf(data.path);
  for (const folder of FOLLOWERS) await rm(join(data.path, folder), { recursive: true, force: true });
  await service.start();
  await demandAnswers(day, data.path);
  await caughtUp(service, doors);
  await service.kill();
  expect(await numbersOf(data.path), 'nothing is derived again').toEqual(before);

  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  expect(report.warnings).toEqual([]);
  expect(report.producers.flatMap(({ explained }) => explained)).toHaveLength(2);
}, 300_000);

/** Tokens by the names of who has them. */
type DayTokens = ReadonlyMap<string, string>;

async function makeTokens(directory: string): Promise<DayTokens> {
  const readers = AUDITORS.map(({ name }) => ({ name, role: 'auditor' as const, services: [] }));
  const others = [
    { name: 'sender', role: 'sender' as const, services: ['*'] },
    { name: 'operator', role: 'administrator' as const, services: [] },
  ];
  const tokens = new Map<string, string>();
  for (const each of [...readers, ...others])
    tokens.set(each.name, (await createToken(dataDirectory(directory).tokens, each, Date.now())).token);
  return tokens;
}

async function send(service: ServiceProcess, request: string, doors: DayTokens): Promise<void> {
  const response = await fetch(`${service.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${doors.get('sender')}` },
    body: request,
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

/** Somebody looks through the records. */
async function read(service: ServiceProcess, pages: number, token: string | undefined): Promise<void> {
  let cursor = '';
  for (let i = 0; i < pages; i++) {
    const page = await ask(service, `api/records?limit=${PAGE_RECORDS}${cursor}`, token);
    expect(page['records']).toHaveLength(PAGE_RECORDS);
    cursor = `&cursor=${encodeURIComponent(String(page['next']))}`;
  }
}

async function ask(
  service: ServiceProcess,
  path: string,
  token: string | undefined,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${service.url}/${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return Object(await response.json());
}

/** The service dies while it takes a request in; nobody knows what became of it. */
async function killDuring(service: ServiceProcess, request: string, doors: DayTokens): Promise<void> {
  const sending = send(service, request, doors).catch(() => undefined);
  await delay(5);
  await service.kill();
  await sending;
  await service.start();
}

async function demandAnswers(day: Day, directory: string): Promise<void> {
  let answers: DayAnswers | undefined;
  let expected: DayAnswers | undefined;
  const isAsExpected = async (): Promise<boolean> => {
    answers = await askAnswers(directory, day);
    expected = expectedAnswers(day, new Map(), new Map());
    // What is derived of sessions is counted in the ledger, which is long: only once the rest is there.
    if (!isSame(answers.alerts, expected.alerts) || !isSame(answers.producers, expected.producers))
      return false;
    expected = expectedAnswers(day, await derivedOf(directory), await askReferences(directory));
    return JSON.stringify(answers) === JSON.stringify(expected);
  };
  const deadline = Date.now() + SETTLE_MS;
  // Right after the start what follows the ledger is not there yet.
  while (!(await isAsExpected().catch(() => false)) && Date.now() < deadline) await delay(500);
  // First what the rest depends on.
  expect(answers?.alerts).toEqual(expected?.alerts);
  expect(answers?.producers).toEqual(expected?.producers);
  expect(answers).toEqual(expected);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.join('\n') === other.join('\n');
}

/** How many records of each kind there are, but for those that every start brings. */
async function numbersOf(directory: string): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const entry of await readEntries(directory)) {
    const { action, kind } = Object(entry['event']);
    const rule = Object(entry['rule'])['id'];
    if (action === 'policy.changed' || rule === 'privileged-action') continue;
    numbers[kind] = (numbers[kind] ?? 0) + 1;
  }
  return numbers;
}

/** How many records the service derived about each session. */
async function derivedOf(directory: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const entry of await readEntries(directory)) {
    const session: unknown = Object(Object(entry['audit'])['session'])['id'];
    if (Object(entry['event'])['kind'] === 'event' || typeof session !== 'string') continue;
    counts.set(session, (counts.get(session) ?? 0) + 1);
  }
  return counts;
}

/** Everything is followed, and what time brings about has had its time. */
async function caughtUp(service: ServiceProcess, doors: DayTokens): Promise<void> {
  await delay(3000);
  await followed(service, doors);
}

/** Everything is followed, and what was derived of it is recorded and followed as well. */
async function followed(service: ServiceProcess, doors: DayTokens): Promise<void> {
  let durable = -1;
  await waitFor(
    'the followers',
    async () => {
      const { followers, sizes } = await ask(service, 'api/status', doors.get('operator'));
      const isSettled = Object(sizes).durable === durable;
      durable = Object(sizes).durable;
      if (isSettled && Object.values(Object(followers)).every((lag) => lag === 0)) return true;
      await delay(SETTLED_MS);
      return false;
    },
    SETTLE_MS,
  );
}
