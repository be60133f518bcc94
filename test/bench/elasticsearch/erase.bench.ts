import { expect, onTestFinished, test } from 'vitest';
import { eraseDocuments, originDigest } from '../../../packages/exporter/src/search/elasticsearch/index.ts';
import { makeAuditStream } from '../../real/elasticsearch/audit-stream.ts';
import { startElasticsearch } from '../../real/elasticsearch/node.ts';
import { describeMachine, printLines } from '../statistics.ts';
import { makeDocument } from './synthetic-documents.ts';

/** Documents; fewer to try the benchmark itself. */
const SIZE = Number(process.env['SPANLEDGER_BENCH_RECORDS'] ?? 200_000);
const BULK = 2000;
const ORIGIN = 'bench.example/audit';
/** Half of the documents lie in a backing index of their own. */
const ROLLOVER_AT = SIZE / 2;

test('what it costs to erase one person out of Elasticsearch', async () => {
  const node = await startElasticsearch();
  onTestFinished(() => node.close());
  await using audit = await makeAuditStream(node.url);
  const { client, stream, sessions } = audit;
  const digest = originDigest(ORIGIN);
  for (let from = 0; from < SIZE; from += BULK) {
    const operations = Array.from({ length: BULK }, (_, i) => [
      { create: {} },
      makeDocument(from + i, ORIGIN),
    ]).flat();
    const { errors } = await client.bulk({ index: stream, operations });
    expect(errors).toBe(false);
    if (from + BULK === ROLLOVER_AT) await client.indices.rollover({ alias: stream });
  }
  await client.indices.refresh({ index: stream });
  const lines: string[] = [];
  for (const person of [1, 2]) {
    const document = makeDocument(person, ORIGIN);
    const { audit: about } = JSON.parse(JSON.stringify(document));
    const startedMs = performance.now();
    const erased = await eraseDocuments({
      eraser: client,
      reader: client,
      stream,
      others: { traces: 'traces-generic.otel-*', drawn: [sessions] },
      origin: ORIGIN,
      digest,
      reference: about.actor.id,
      indexes: [],
      traces: [],
    });
    const seconds = (performance.now() - startedMs) / 1000;
    expect(erased).toBeGreaterThan(0);
    lines.push(`${erased} documents of one person, verified and merged away: ${seconds.toFixed(1)} s`);
  }
  printLines([describeMachine(), `${SIZE.toLocaleString('en')} documents in two backing indices`, ...lines]);
}, 1_800_000);
