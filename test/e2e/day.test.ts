import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ServiceProcess } from '../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  verifyDirectory,
  waitFor,
} from '../support/exporter/service.ts';
import { type Day, INCIDENTS, PEOPLE, scriptDay, SPANS } from './day.ts';
import { askAnswers, askReferences, type DayAnswers, expectedAnswers } from './day/day-answers.ts';

const SEED = 'day';
const DAY_MS = 86_400_000;
const SETTLE_MS = 60_000;

/** After so many requests, some half an hour of the day, the followers are waited for: what they derive comes in its time. */
const PACE = 2;

/** What follows the ledger, and can be thrown away. */
const FOLLOWERS = ['index', 'sessions', 'alerts', 'completeness'];

const CONFIG = `
completeness:
  grace_seconds: 2
  silence_minutes: 0.2
`;

test('a scripted day: every planted alert and no other, exact sessions and tokens, after kill -9 and a rebuild as well', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await writeFile(join(data.path, 'spanledger.yaml'), CONFIG);
  const yesterday = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
  const day = scriptDay(SEED, yesterday);
  expect(day).toMatchObject({ spans: SPANS });
  expect(day.people.size).toBe(PEOPLE);
  expect(day.incidents.filter(({ alerts }) => alerts.length > 0)).toHaveLength(INCIDENTS);

  await using service = new ServiceProcess(data.path);
  await service.start();
  const noon = Math.floor(day.requests.length / 2);
  for (const [i, request] of day.requests.entries()) {
    if (i === noon) await killDuring(service, request);
    await send(service, request);
    if (i % PACE === PACE - 1) await followed(service);
  }
  await demandAnswers(service, day, data.path);

  await caughtUp(service);
  await service.kill();
  const size = (await readEntries(data.path)).length;
  for (const folder of FOLLOWERS) await rm(join(data.path, folder), { recursive: true, force: true });
  await service.start();
  await demandAnswers(service, day, data.path);
  await caughtUp(service);
  await service.kill();
  expect(await readEntries(data.path), 'nothing is derived again').toHaveLength(size);

  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  expect(report.warnings).toEqual([]);
  expect(report.producers.flatMap(({ explained }) => explained)).toHaveLength(2);
}, 300_000);

async function send(service: ServiceProcess, request: string): Promise<void> {
  const response = await sendTraces(service.url ?? '', request, { contentType: 'application/json' });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

/** The service dies while it takes a request in; nobody knows what became of it. */
async function killDuring(service: ServiceProcess, request: string): Promise<void> {
  const sending = send(service, request).catch(() => undefined);
  await delay(5);
  await service.kill();
  await sending;
  await service.start();
}

async function demandAnswers(service: ServiceProcess, day: Day, directory: string): Promise<void> {
  const url = service.url ?? '';
  let answers: DayAnswers | undefined;
  let expected: DayAnswers | undefined;
  const isAsExpected = async (): Promise<boolean> => {
    answers = await askAnswers(url, day);
    expected = expectedAnswers(day, new Map(), new Map());
    // What is derived of sessions is counted in the ledger, which is long: only once the rest is there.
    if (!isSame(answers.alerts, expected.alerts) || !isSame(answers.producers, expected.producers))
      return false;
    expected = expectedAnswers(day, await derivedOf(directory), await askReferences(url));
    return JSON.stringify(answers) === JSON.stringify(expected);
  };
  const deadline = Date.now() + SETTLE_MS;
  while (!(await isAsExpected()) && Date.now() < deadline) await delay(500);
  expect(answers).toEqual(expected);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.join('\n') === other.join('\n');
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
async function caughtUp(service: ServiceProcess): Promise<void> {
  await delay(3000);
  await followed(service);
}

async function followed(service: ServiceProcess): Promise<void> {
  await waitFor(
    'the followers',
    async () => {
      const status: unknown = await (await fetch(`${service.url}/api/status`)).json();
      return Object.values(Object(Object(status)['followers'])).every((lag) => lag === 0);
    },
    SETTLE_MS,
  );
}
