import { SpanStatusCode } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import { decodeJsonTraceRequest } from '../../../../packages/exporter/src/receive/json/otlp-json.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, sessionAttributes, toJson, toProtobuf } from '../../../support/exporter/spans.ts';

const RUNS = 2000;
const keys = new KeyTable();

const sender = createSender('shop');
const spans = [
  sender.span({ attributes: { ...sessionAttributes('alice', 's1'), list: ['a', 'b'], half: 0.5 } }),
  sender.span({ events: [{ name: 'oidc.token.refreshed', attributes: { 'oidc.token.type': 'access' } }] }),
  sender.span({
    name: 'grüße 😀',
    status: { code: SpanStatusCode.ERROR, message: 'nope' },
    parentSpanId: '00f067aa0ba902b7',
  }),
];
const protobuf = Buffer.from(toProtobuf(spans));
const json = Buffer.from(toJson(spans));

/** Decodes, or refuses with a declared error; anything else fails the test. */
function settle(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(ExporterError);
    expect(error).toHaveProperty('code', expect.stringMatching(/^request_(malformed|too_large)$/));
  }
}

function damaged(valid: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.nat(valid.length - 1);
  return fc.oneof(
    place.map((end) => valid.subarray(0, end)),
    fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 8 }).map((changes) => {
      const copy = Buffer.from(valid);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    }),
    fc.tuple(place, place, place).map(([a, b, c]) => {
      const piece = valid.subarray(Math.min(a, b), Math.max(a, b));
      return Buffer.concat([valid.subarray(0, c), piece, valid.subarray(c)]);
    }),
    fc
      .tuple(place, place)
      .map(([a, b]) => Buffer.concat([valid.subarray(0, Math.min(a, b)), valid.subarray(Math.max(a, b))])),
  );
}

describe('damaged messages decode or are refused, never anything else', () => {
  test('protobuf', () => {
    fc.assert(
      fc.property(damaged(protobuf), (bytes) => {
        settle(() => decodeTraceRequest(bytes, keys));
      }),
      { numRuns: RUNS },
    );
  });

  test('protobuf of no meaning at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
        settle(() => decodeTraceRequest(bytes, keys));
      }),
      { numRuns: RUNS },
    );
  });

  test('JSON', () => {
    fc.assert(
      fc.property(damaged(json), (bytes) => {
        settle(() => decodeJsonTraceRequest(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test('JSON of any shape', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        settle(() =>
          decodeJsonTraceRequest(
            Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: value }] }] })),
          ),
        );
        settle(() => decodeJsonTraceRequest(Buffer.from(JSON.stringify(value))));
      }),
      { numRuns: RUNS },
    );
  });
});

test('a message that was cut anywhere never decodes to other spans than it began with', () => {
  const whole = decodeTraceRequest(protobuf, keys).flatMap((group) => group.spans);
  for (let end = 0; end < protobuf.length; end++) {
    let cut: ReturnType<typeof decodeTraceRequest>;
    try {
      cut = decodeTraceRequest(protobuf.subarray(0, end), keys);
    } catch {
      continue;
    }
    expect(whole.slice(0, cut.flatMap((group) => group.spans).length)).toEqual(
      cut.flatMap((group) => group.spans),
    );
  }
});
