import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonRequests } from '../../../../packages/exporter/src/receive/json/json-requests.ts';
import { decodeJsonTraceRequest } from '../../../../packages/exporter/src/receive/json/otlp-json.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { makeIntakeWay } from './intake-way.ts';
import { drawFrom, writeJson } from './json-spans.ts';
import { requestsOfOneApplication } from './wire-spans.ts';

/** SPANLEDGER_PROPERTY_SPANS: a hundred thousand by `npm run prove`. */
const SPANS = Number(process.env['SPANLEDGER_PROPERTY_SPANS'] ?? 2_500);
const MAX_RUN_MS = Math.max(60_000, 6 * SPANS);
const SPANS_PER_RUN = 70;
/** The runner takes a test that never lets it have a word for one that hangs. */
const RUNS_PER_TURN = 100;

const keys = new KeyTable();
const requests = new JsonRequests(keys);
const withoutKernel = new JsonRequests(keys, () => undefined);

/** What came of it, or what was said against it. */
function outcome<Result>(work: () => Result): { result: Result } | { refused: unknown; code: unknown } {
  try {
    return { result: work() };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { refused: error.message, code: error.code };
    throw error;
  }
}

test(
  'OTLP/JSON gives the bytes that its objects give, and that the same spans give in protobuf',
  async () => {
    let [runs, spans, fast, read, transcoded] = [0, 0, 0, 0, 0];
    await fc.assert(
      fc.asyncProperty(requestsOfOneApplication, fc.integer(), async (messages, seed) => {
        if (++runs % RUNS_PER_TURN === 0) await turn();
        const draw = drawFrom(seed);
        const json = makeIntakeWay();
        const objects = makeIntakeWay();
        const protobuf = makeIntakeWay();
        const typescript = makeIntakeWay();
        for (const bytes of messages) {
          const decoded = outcome(() => decodeTraceRequest(bytes, keys));
          // What protobuf is refused for cannot be written down as JSON.
          if (!('result' in decoded)) break;
          const body = Buffer.from(writeJson(decoded.result, draw));
          const groups = outcome(() => requests.read(body));
          if (!('result' in groups))
            throw new Error(`refused: ${String(groups.refused)} in ${body.toString()}`);
          read++;
          if (groups.result.every((group) => 'reader' in group)) transcoded++;
          const one = outcome(() => json.read(groups.result));
          for (const other of [
            outcome(() => objects.read(decodeJsonTraceRequest(body))),
            outcome(() => protobuf.read(decoded.result)),
            outcome(() => typescript.read(withoutKernel.read(body))),
          ]) {
            // What says where the difference is takes its time.
            if (!isDeepStrictEqual(one, other)) expect(one).toEqual(other);
          }
          if (!('result' in one)) break;
          spans += one.result.count;
        }
        fast += json.written();
      }),
      { numRuns: Math.ceil(SPANS / SPANS_PER_RUN) },
    );
    // Else it would compare the way of objects with itself.
    expect(transcoded / read).toBeGreaterThan(0.9);
    expect(fast / spans).toBeGreaterThan(0.05);
  },
  MAX_RUN_MS,
);
