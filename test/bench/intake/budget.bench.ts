import { createSecretKey, randomBytes as drawBytes, randomUUID } from 'node:crypto';
import { generateSigner, memoryEpochKeys, memoryStorage, openLedger } from '@spanledger/ledger';
import { test } from 'vitest';
import { Minimiser } from '../../../packages/exporter/src/minimisation/index.ts';
import { References } from '../../../packages/exporter/src/privacy/references.ts';
import { JsonRequests } from '../../../packages/exporter/src/receive/json/json-requests.ts';
import { decodeJsonTraceRequest } from '../../../packages/exporter/src/receive/json/otlp-json.ts';
import { Producers } from '../../../packages/exporter/src/receive/producers.ts';
import {
  randomBytes,
  sha256,
  sha256Base64url,
} from '../../../packages/exporter/src/receive/record-crypto.ts';
import { RequestReading, type TakenRequest } from '../../../packages/exporter/src/receive/request-reading.ts';
import { SpanKernel } from '../../../packages/exporter/src/receive/kernel/span-kernel.ts';
import { Transcoder } from '../../../packages/exporter/src/receive/transcode/transcoder.ts';
import { KeyTable } from '../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
  type SpanGroup,
} from '../../../packages/exporter/src/receive/wire/trace-request.ts';
import { makeIntakePolicy } from '../../support/exporter/intake-policy.ts';
import { describeMachine, median, printLines } from '../statistics.ts';
import { RequestBatch } from './requests.ts';

const ROUNDS = 9;
const REQUESTS = 20;
const SPANS_PER_REQUEST = 512;
const SPANS = REQUESTS * SPANS_PER_REQUEST;

const KEY = createSecretKey(drawBytes(32));
const REAL = { randomBytes, sha256, sha256Base64url };
const CONSTANT = new Uint8Array(32);
const FREE = {
  randomBytes: (sizeBytes: number) => new Uint8Array(sizeBytes),
  sha256: () => CONSTANT,
  sha256Base64url: () => 'A'.repeat(43),
};

const LOCAL = 'version: 1\nrules: [{ name: logins, match: { route: ["/login/**"] }, level: metadata }]\n';
const BY_ROLE =
  'version: 1\nrules: [{ name: staff, match: { role: [staff] }, level: request, attributes: ["*"] }]\n';

/**
 * An intake without what is before and behind it.
 *
 * @param hasKernel - without it, all goes by way of TypeScript
 */
function makeReading(crypto: typeof REAL, policyText?: string, hasKernel = true) {
  const references = new References(KEY, { reference: () => undefined, isErased: () => false });
  const minimiser = new Minimiser(
    { fields: [], quarantine: true, quarantineExcept: [] },
    KEY,
    () => undefined,
  );
  const options = { references, producers: new Producers(), minimise: minimiser.minimise.bind(minimiser) };
  const kernel = hasKernel ? SpanKernel.create(crypto.sha256Base64url) : undefined;
  const transcoder = new Transcoder(references, crypto, kernel);
  const policy = policyText === undefined ? undefined : makeIntakePolicy(policyText);
  return {
    transcoder,
    read: (groups: readonly SpanGroup[]): TakenRequest => {
      const taken = new RequestReading(options, transcoder, policy).read(groups);
      taken.batch.batch();
      transcoder.endBatch(taken.batch);
      return taken;
    },
  };
}

/** Processor time of this thread, nanoseconds a span. */
async function cost(work: () => Promise<void> | void): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1000) / SPANS;
}

test('what a span costs on its way from the request into the journal, by stage', async () => {
  const keys = new KeyTable();
  const requests = new JsonRequests(keys);
  const size = { requests: REQUESTS, spans: SPANS_PER_REQUEST };
  const batch = RequestBatch.uniform({ ...size, form: 'protobuf' });
  const jsonBatch = RequestBatch.uniform({ ...size, form: 'json' });
  const free = makeReading(FREE, undefined, false);
  const typescript = makeReading(REAL, undefined, false);
  const real = makeReading(REAL);
  const local = makeReading(REAL, LOCAL);
  const byRole = makeReading(REAL, BY_ROLE);
  const objects = makeReading(REAL);
  const json = makeReading(REAL);
  const jsonObjects = makeReading(REAL);
  const ledger = await openLedger({
    storage: memoryStorage(),
    signer: generateSigner(`example.com/${randomUUID()}`),
    epochKeys: memoryEpochKeys(),
  });
  const figures = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    const bodies = batch.renew();
    const jsonBodies = jsonBatch.renew();
    const each = (work: (groups: ReturnType<typeof outlineTraceRequest>) => void) => () => {
      for (const body of bodies) work(outlineTraceRequest(body, keys));
    };
    const stages: [string, number][] = [
      ['outline', await cost(each(() => undefined))],
      [
        'find',
        await cost(
          each((groups) => {
            for (const group of groups) {
              const context = real.transcoder.contextOf(group);
              if (context === undefined) continue;
              for (let at = 0; at < group.ranges.length; at += 2) {
                real.transcoder.find(context, group.reader, group.ranges[at] ?? 0, group.ranges[at + 1] ?? 0);
              }
            }
          }),
        ),
      ],
      ['free', await cost(each((groups) => void free.read(groups)))],
      ['typescript', await cost(each((groups) => void typescript.read(groups)))],
      ['real', await cost(each((groups) => void real.read(groups)))],
      ['local', await cost(each((groups) => void local.read(groups)))],
      ['byRole', await cost(each((groups) => void byRole.read(groups)))],
      [
        'objects',
        await cost(() => {
          for (const body of bodies) objects.read(decodeTraceRequest(body, keys));
        }),
      ],
      [
        'jsonOutline',
        await cost(() => {
          for (const body of jsonBodies) requests.read(body);
        }),
      ],
      [
        'json',
        await cost(() => {
          for (const body of jsonBodies) json.read(requests.read(body));
        }),
      ],
      [
        'jsonObjects',
        await cost(() => {
          for (const body of jsonBodies) jsonObjects.read(decodeJsonTraceRequest(body));
        }),
      ],
    ];
    let appending = 0;
    for (const body of bodies) {
      const { batch: written } = makeReading(REAL).read(outlineTraceRequest(body, keys));
      const entries = written.batch();
      appending += await cost(async () => void (await ledger.append(entries)));
    }
    stages.push(['append', appending]);
    // The first round compiles, and teaches.
    if (round > 0) for (const [stage, ns] of stages) figures.set(stage, [...(figures.get(stage) ?? []), ns]);
  }
  await ledger.close();
  const of = (stage: string): number => median(figures.get(stage) ?? []);
  const line = (what: string, ns: number): string =>
    `${what.padEnd(62)} ${ns.toFixed(0).padStart(7)} ns a span`;
  printLines([
    describeMachine(),
    `${SPANS.toLocaleString('en')} spans of 20 attributes in requests of ${SPANS_PER_REQUEST}; processor time of one thread, medians of ${ROUNDS} rounds`,
    line('the request around its spans', of('outline')),
    line('scan, template', of('find') - of('outline')),
    line('repeats, references, record, opened groups, commitments', of('real') - of('find')),
    line('sequence, hash, sealing of the journal, tiles', of('append')),
    line('together', of('real') + of('append')),
    line('  a policy of routes, more', of('local') - of('real')),
    line('the same until the batch, in TypeScript alone', of('typescript')),
    line('  of it salts and commitments', of('typescript') - of('free')),
    line('the same until the batch by way of objects', of('objects')),
    line('  a policy of roles, by way of objects, more', of('byRole') - of('objects')),
    line('OTLP/JSON, written as protobuf', of('jsonOutline')),
    line('OTLP/JSON until the batch', of('json')),
    line('  by way of objects', of('jsonObjects')),
    `until the batch: ${of('real').toFixed(0)} ns; the wire takes ${((100 * of('real')) / of('objects')).toFixed(0)} % of what objects take`,
  ]);
});
