import { createSecretKey, randomBytes as drawBytes } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { EntryBatch } from '@spanledger/record';
import type { IntakePolicy } from '../../../../packages/exporter/src/intake-policy.ts';
import { Minimiser } from '../../../../packages/exporter/src/minimisation/index.ts';
import { CallerMemory } from '../../../../packages/exporter/src/policy/caller-memory.ts';
import { parsePolicy } from '../../../../packages/exporter/src/policy/parse-policy.ts';
import { PolicyEngine } from '../../../../packages/exporter/src/policy/policy-engine.ts';
import { Producers } from '../../../../packages/exporter/src/receive/producers.ts';
import { sha256, sha256Base64url } from '../../../../packages/exporter/src/receive/record-crypto.ts';
import { RequestReading } from '../../../../packages/exporter/src/receive/request-reading.ts';
import { Transcoder } from '../../../../packages/exporter/src/receive/transcode/transcoder.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
  type SpanGroup,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { requestsOfOneApplication } from './wire-spans.ts';

/** SPANLEDGER_PROPERTY_SPANS: more of them, for an hour that nobody waits for. */
const SPANS = Number(process.env['SPANLEDGER_PROPERTY_SPANS'] ?? 8_000);
const MAX_RUN_MS = Math.max(60_000, SPANS);
const SPANS_PER_RUN = 80;

const KEY = createSecretKey(drawBytes(32));
const keys = new KeyTable();

const POLICY = `
version: 1
default: { level: full }
rules:
  - { name: logins, match: { route: ["/login"] }, level: metadata }
  - { name: writes, match: { method: [POST] }, level: request, attributes: ["express.*", "a"] }
`;

/** Two ways that share nothing: one is given the wire, the other the objects that are decoded from it. */
function makeWay(policyText: string | undefined) {
  const references = {
    ofSubject: ({ issuer, id, type }: { issuer: string; id: string; type: string }) =>
      Buffer.from(`${type} ${issuer} ${id}`).toString('base64url').padEnd(22, 'A').slice(-22),
    ofSession: ({ issuer, id }: { issuer: string; id: string }) =>
      Buffer.from(`session ${issuer} ${id}`).toString('base64url').padEnd(22, 'A').slice(-22),
    attempt: <Result>(work: () => Result) => work(),
    isErased: () => false,
  };
  const randomBytes = (sizeBytes: number) => new Uint8Array(sizeBytes);
  const transcoder = new Transcoder(references, { randomBytes, sha256, sha256Base64url });
  const producers = new Producers();
  const minimiser = new Minimiser(
    { fields: [], quarantine: true, quarantineExcept: [] },
    KEY,
    () => undefined,
  );
  const policy = policyText === undefined ? undefined : makePolicy(policyText);
  const written = vi.spyOn(transcoder, 'write');
  return {
    written: () => written.mock.results.filter(({ value }) => value === true).length,
    read(groups: readonly SpanGroup[]) {
      const minimise = minimiser.minimise.bind(minimiser);
      const taken = new RequestReading({ references, producers, minimise }, transcoder, policy).read(groups);
      const { bytes, ends, holes, openings, openingEnds, count } = copyOf(taken.batch.batch());
      return { bytes, ends, holes, openings, openingEnds, count, skipped: taken.skipped, known: taken.known };
    },
  };
}

function makePolicy(policyText: string): IntakePolicy {
  const parsed = parsePolicy(policyText);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const engine = new PolicyEngine(parsed.policy);
  const callers = new CallerMemory();
  return {
    sha256: engine.policy.sha256,
    isLocal: engine.isLocal,
    isSettledBy: (draft) => engine.isSettledBy(draft),
    apply: (spans) => engine.apply(spans, callers),
    account: () => Promise.resolve(),
  };
}

function copyOf(batch: EntryBatch): EntryBatch {
  return { ...batch, bytes: Buffer.from(batch.bytes), openings: Buffer.from(batch.openings) };
}

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
  (_name, policy) => {
    let spans = 0;
    let fast = 0;
    fc.assert(
      fc.property(requestsOfOneApplication, (requests) => {
        const wire = makeWay(policy);
        const objects = makeWay(policy);
        for (const request of requests) {
          const transcoded = outcome(() => wire.read(outlineTraceRequest(request, keys)));
          const mapped = outcome(() => objects.read(decodeTraceRequest(request, keys)));
          expect(transcoded).toEqual(mapped);
          if ('code' in transcoded) break;
          spans += transcoded.result.count;
          expectCanonical(transcoded.result);
        }
        fast += wire.written();
      }),
      { numRuns: Math.ceil(SPANS / SPANS_PER_RUN) },
    );
    // Else it would compare the slow way with itself.
    expect(fast / spans).toBeGreaterThan(0.05);
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
