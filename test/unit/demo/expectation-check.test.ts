import type { Archive } from '@spanledger/audit-exporter';
import type { JsonObject } from '@spanledger/record';
import { describe, expect, it } from 'vitest';
import { checkExpectations } from '../../../packages/demo/src/expectation-check.ts';
import type { Expectation } from '../../../packages/demo/src/expectations.ts';

const never = new AbortController().signal;
const records: JsonObject[] = [
  { audit: { record: { id: 'first' }, ledger: { index: 0 } } },
  { audit: { record: { id: 'second' }, ledger: { index: 1 } } },
];

/** An archive that finds nothing at first, then two records without proof, one on each page. */
function archiveThatNeeds(askedTimes: number): { archive: Archive; queries: string[] } {
  const queries: string[] = [];
  const refuse = (): Promise<never> => Promise.reject(new Error('not asked here'));
  const archive: Archive = {
    search(request) {
      if (request.cursor !== undefined) return Promise.resolve({ records: records.slice(1) });
      queries.push(request.query);
      if (queries.length < askedTimes) return Promise.resolve({ records: [] });
      return Promise.resolve({ records: records.slice(0, 1), next: 'more' });
    },
    proof: () => Promise.resolve(undefined),
    vkey: () => Promise.resolve('key'),
    record: refuse,
    count: refuse,
    histogram: refuse,
    sessions: refuse,
    session: refuse,
    completeness: refuse,
    token: refuse,
    tokens: refuse,
    attempts: refuse,
    alerts: refuse,
    alert: refuse,
    changeAlert: refuse,
    checkpoint: refuse,
    status: refuse,
    tiles: { read: refuse },
    close: () => Promise.resolve(),
  };
  return { archive, queries };
}

function expectation(least: number, most = least): Expectation {
  return { name: 'two records', query: 'user.id:alice', count: { least, most } };
}

describe('checkExpectations', () => {
  it('asks until the records are there, on every page, and for its own run only', async () => {
    const { archive, queries } = archiveThatNeeds(3);
    const [checked] = await checkExpectations({ archive, scope: 'run:1' }, [expectation(2)], 5_000, never);
    expect(checked?.found).toBe(2);
    expect(queries.length).toBeGreaterThanOrEqual(3);
    expect(new Set(queries)).toEqual(new Set(['(user.id:alice) and run:1']));
  });

  it('is not content with a record that nothing proves', async () => {
    const { archive } = archiveThatNeeds(1);
    const [checked] = await checkExpectations({ archive, scope: 'run:1' }, [expectation(2)], 0, never);
    expect(checked).toMatchObject({
      verified: 0,
      problems: ['record 0: has no proof', 'record 1: has no proof'],
    });
  });

  it('says how many were found when the time is up', async () => {
    const trail = { archive: archiveThatNeeds(Number.POSITIVE_INFINITY).archive, scope: 'run:1' };
    const [exact, open] = await checkExpectations(trail, [expectation(2), expectation(1, 9)], 0, never);
    expect(exact?.problems).toEqual(['0 found, 2 expected']);
    expect(open?.problems).toEqual(['0 found, at least 1 expected']);
  });

  it('shows what is wrong with a record', async () => {
    const { archive } = archiveThatNeeds(1);
    const picky: Expectation = { ...expectation(2), inspect: () => 'without user.id' };
    const [checked] = await checkExpectations({ archive, scope: 'run:1' }, [picky], 0, never);
    expect(checked?.problems).toContain('record 0: without user.id');
  });
});
