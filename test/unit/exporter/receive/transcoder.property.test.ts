import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EntryBatch } from '@spanledger/record';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { makeIntakeWay } from './intake-way.ts';
import { requestsOfOneApplication } from './wire-spans.ts';

/** SPANLEDGER_PROPERTY_SPANS: a million by `npm run prove`. */
const SPANS = Number(process.env['SPANLEDGER_PROPERTY_SPANS'] ?? 5_000);
const MAX_RUN_MS = Math.max(60_000, 3 * SPANS);
/** Less than a run has on average, by so much that all of them together have more than were asked for. */
const SPANS_PER_RUN = 70;
/** The runner takes a test that never lets it have a word for one that hangs. */
const RUNS_PER_TURN = 100;

const keys = new KeyTable();

const POLICY = `
version: 1
default: { level: full }
rules:
  - { name: logins, match: { route: ["/login"] }, level: metadata }
  - { name: writes, match: { method: [POST] }, level: request, attributes: ["express.*", "a"] }
`;

/** What came of it, or the code of what was thrown. */
function outcome<Result>(work: () => Result): { result: Result } | { code: unknown } {
  try {
    return { result: work() };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code };
    throw error;
  }
}

test.each([
  ['without a policy', undefined],
  ['under a policy that cuts', POLICY],
])(
  'the wire gives the bytes that objects give, %s',
  async (_name, policy) => {
    let runs = 0;
    let spans = 0;
    let [fast, fastest] = [0, 0];
    await fc.assert(
      fc.asyncProperty(requestsOfOneApplication, async (requests) => {
        if (++runs % RUNS_PER_TURN === 0) await turn();
        const wire = makeIntakeWay(policy);
        const withoutKernel = makeIntakeWay(policy, false);
        const objects = makeIntakeWay(policy);
        for (const request of requests) {
          const transcoded = outcome(() => wire.read(outlineTraceRequest(request, keys)));
          const written = outcome(() => withoutKernel.read(outlineTraceRequest(request, keys)));
          const mapped = outcome(() => objects.read(decodeTraceRequest(request, keys)));
          // The runner's comparison, byte by byte, takes longer than all that is compared here.
          if (!isDeepStrictEqual(transcoded, mapped)) expect(transcoded).toStrictEqual(mapped);
          if (!isDeepStrictEqual(written, mapped)) expect(written).toStrictEqual(mapped);
          if ('code' in transcoded) break;
          spans += transcoded.result.count;
          expectCanonical(transcoded.result);
        }
        fast += withoutKernel.written();
        fastest += wire.writtenByKernel();
      }),
      { numRuns: Math.ceil(SPANS / SPANS_PER_RUN) },
    );
    expect(spans).toBeGreaterThanOrEqual(SPANS);
    // Else it would compare the slow way with itself.
    expect(fast / spans).toBeGreaterThan(0.05);
    expect(fastest / spans).toBeGreaterThan(0.01);
  },
  MAX_RUN_MS,
);

/** By an implementation of RFC 8785 that is not ours. */
function expectCanonical({ bytes, ends, openings, openingEnds, count }: EntryBatch): void {
  let [at, openingAt] = [0, 0];
  for (let i = 0; i < count; i++) {
    const entry = text(bytes, at, ends[i] ?? 0);
    const opening = text(openings, openingAt, openingEnds[i] ?? 0);
    if (canonicalize(JSON.parse(entry)) !== entry) expect(entry).toBe(canonicalize(JSON.parse(entry)));
    if (canonicalize(JSON.parse(opening)) !== opening)
      expect(opening).toBe(canonicalize(JSON.parse(opening)));
    at = ends[i] ?? 0;
    openingAt = openingEnds[i] ?? 0;
  }
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}
