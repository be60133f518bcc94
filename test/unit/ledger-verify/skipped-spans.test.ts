import { hashLeaf, formatReport, type VerificationReport } from '@spanledger/ledger/verify';
import { encodeCanonical, isJsonObject, type JsonObject } from '@spanledger/record';
import { describe, expect, test } from 'vitest';
import { makeRecord, publish } from './support/memory-log.ts';
import { verify } from './support/tampering.ts';

/** Entries of a log: `numbers` of them of one producer, and at some places a record of what was left out. */
function entriesWith(skips: ReadonlyMap<number, number[]>, sequences: readonly number[]): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let previous: string | undefined;
  const numbers = [...sequences];
  for (let index = 0; numbers.length > 0; index++) {
    const bounds = skips.get(index);
    const record = makeRecord(index, previous, bounds === undefined ? (numbers.shift() ?? 0) : 1);
    const { audit } = record;
    if (bounds !== undefined && isJsonObject(audit)) {
      delete audit['sequence'];
      audit['policy'] = {
        level: 'none',
        rule: 'probes',
        skipped: { count: 1, numbers: bounds, stream_id: 'stream' },
      } satisfies JsonObject;
    }
    const entry = encodeCanonical(record);
    entries.push(entry);
    previous = Buffer.from(hashLeaf(entry)).toString('hex');
  }
  return entries;
}

const gaps = ({ warnings }: VerificationReport): string[] =>
  warnings.filter(({ code }) => code === 'producer_gap').map(({ detail }) => detail);

/** Every seventh number is left out. */
const SENT = Array.from({ length: 700 }, (_, i) => i + 1).filter((number) => number % 7 !== 0);
const LEFT_OUT = Array.from({ length: 99 }, (_, i) => 7 * (i + 1)).flatMap((number) => [number, number]);

describe('numbers that the policy left out', () => {
  test('are holes where no record says so', async () => {
    const report = await verify(publish(entriesWith(new Map(), SENT)));
    expect(report.ok).toBe(true);
    expect(gaps(report)).toHaveLength(1);
    expect(report.producers[0]?.missing).toHaveLength(99);
  });

  // In a bundle that is full, which is read the quick way; in one that is not; after everything; in several records.
  test.each([
    ['in a full bundle', [[40, LEFT_OUT]]],
    ['in the last bundle', [[580, LEFT_OUT]]],
    [
      'in two',
      [
        [300, LEFT_OUT.slice(0, 100)],
        [590, LEFT_OUT.slice(100)],
      ],
    ],
  ] as [string, [number, number[]][]][])('are no holes where a record %s says so', async (_, skips) => {
    const report = await verify(publish(entriesWith(new Map(skips), SENT)));
    expect(report.ok).toBe(true);
    expect(gaps(report)).toEqual([]);
    expect(report.producers).toMatchObject([{ count: 699, skipped: 99, missing: [], duplicates: 0 }]);
    expect(formatReport(report)).toContain('99 spans left out by the audit policy');
  });

  test('explain only the numbers that the record names', async () => {
    const report = await verify(publish(entriesWith(new Map([[40, LEFT_OUT.slice(2)]]), SENT)));
    expect(gaps(report)).toEqual(['Producer stream: not in the log are 7.']);
  });

  test('are found whatever record of the same shape came before', async () => {
    const wrong = [...LEFT_OUT].reverse();
    const skips = new Map([
      [10, wrong],
      [40, LEFT_OUT],
    ]);
    expect(gaps(await verify(publish(entriesWith(skips, SENT))))).toEqual([]);
  });

  test('of a record that is not as the format has it explain nothing', async () => {
    const report = await verify(publish(entriesWith(new Map([[40, [...LEFT_OUT].reverse()]]), SENT)));
    expect(report.producers[0]?.missing).toHaveLength(99);
  });
});
