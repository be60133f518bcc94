import type { Archive } from '@spanledger/audit-exporter';
import { verifyDocument } from '@spanledger/ledger/verify';
import type { JsonObject } from '@spanledger/record';
import { setTimeout as wait } from 'node:timers/promises';
import { judgeCount, type Expectation } from './expectations.ts';
import { readText } from './record-fields.ts';

/** What became of an expectation. */
export interface CheckedExpectation {
  readonly name: string;
  readonly query: string;
  readonly found: number;
  /** Records whose every field was checked against the signed log. */
  readonly verified: number;
  /** What is wrong; empty if all is as expected. */
  readonly problems: readonly string[];
}

/** The archive to ask, and which part of it is this run's. */
export interface Trail {
  readonly archive: Archive;
  /** Narrows a query to the records of this run. */
  readonly scope: string;
}

/** Problems that one expectation lists at most. */
const MAX_PROBLEMS = 5;
const PAGE_RECORDS = 500;
/** One query reads at most so many records. */
const MAX_RECORDS = 20_000;
const POLL_INTERVAL_MS = 100;

/**
 * Asks until every expectation is met or the time is up, then once more for all of them, and verifies what they found.
 *
 * @param deadlineMs how long to ask
 */
export async function checkExpectations(
  trail: Trail,
  expectations: readonly Expectation[],
  deadlineMs: number,
  signal: AbortSignal,
): Promise<CheckedExpectation[]> {
  const deadline = performance.now() + deadlineMs;
  for (const expectation of expectations) {
    while ((await findProblems(trail, expectation)).problems.length > 0) {
      if (performance.now() > deadline) break;
      await wait(POLL_INTERVAL_MS, undefined, { signal });
    }
  }
  const vkey = await trail.archive.vkey();
  const checked: CheckedExpectation[] = [];
  for (const expectation of expectations) checked.push(await checkOnce(trail, expectation, vkey));
  return checked;
}

/** @returns every record of this run that a query finds, oldest first */
export async function searchAll(trail: Trail, query: string): Promise<JsonObject[]> {
  const records: JsonObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await trail.archive.search({
      query: query === '' ? trail.scope : `(${query}) and ${trail.scope}`,
      limit: PAGE_RECORDS,
      order: 'asc',
      ...(cursor === undefined ? {} : { cursor }),
    });
    records.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined && records.length < MAX_RECORDS);
  return records;
}

async function findProblems(
  trail: Trail,
  expectation: Expectation,
): Promise<{ records: JsonObject[]; problems: string[] }> {
  const records = await searchAll(trail, expectation.query);
  const problems = [judgeCount(records.length, expectation.count)];
  for (const record of records) problems.push(nameRecord(record, expectation.inspect?.(record)));
  return { records, problems: problems.filter((problem) => problem !== undefined).slice(0, MAX_PROBLEMS) };
}

async function checkOnce(trail: Trail, expectation: Expectation, vkey: string): Promise<CheckedExpectation> {
  const { records, problems } = await findProblems(trail, expectation);
  let verified = 0;
  for (const record of records) {
    const failure = await verifyRecord(trail.archive, record, vkey);
    if (failure === undefined) verified += 1;
    else if (problems.length < MAX_PROBLEMS) problems.push(failure);
  }
  return { name: expectation.name, query: expectation.query, found: records.length, verified, problems };
}

async function verifyRecord(archive: Archive, record: JsonObject, vkey: string): Promise<string | undefined> {
  const proof = await archive.proof(readText(record, 'audit.record.id'));
  if (proof === undefined) return nameRecord(record, 'has no proof');
  const report = verifyDocument({ document: record, proof, vkey });
  return report.ok ? undefined : nameRecord(record, report.failures[0]?.detail ?? 'does not verify');
}

function nameRecord<T extends string | undefined>(record: JsonObject, problem: T): T | string {
  return problem === undefined ? problem : `record ${readText(record, 'audit.ledger.index')}: ${problem}`;
}
