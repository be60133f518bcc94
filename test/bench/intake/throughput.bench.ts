import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeDataDirectory, verifyDirectory } from '../../support/exporter/service.ts';
import { describeMachine, median, printLines } from '../statistics.ts';
import { captureRequests, describeRequest } from './captured-requests.ts';
import { describeFigures, figuresOf, measureRound } from './figures.ts';
import { makeJavaRequest } from './java-request.ts';
import { RequestBatch, type Shape } from './requests.ts';
import { type RunningSide, startCollectorSide, startServiceSide } from './sides.ts';

/** SPANLEDGER_BENCH_ROUNDS: fewer for a first look. */
const ROUNDS = Number(process.env['SPANLEDGER_BENCH_ROUNDS'] ?? 7);
/** SPANLEDGER_BENCH_SHAPES: only the shapes with one of these words in their names. */
const WANTED = process.env['SPANLEDGER_BENCH_SHAPES']?.split(',');
const MIXED = 'mixed shapes';
const MIXED_CONNECTIONS = 4;
/** How often each captured request is sent in a round. */
const MIXED_TIMES = 10;

const SHAPES: readonly Shape[] = [
  { name: 'uniform, 4 connections', requests: 60, spans: 512, connections: 4, form: 'protobuf' },
  { name: 'uniform, 8 connections', requests: 60, spans: 512, connections: 8, form: 'protobuf' },
  { name: 'small requests', requests: 1_920, spans: 8, connections: 64, form: 'protobuf' },
  { name: 'gzip', requests: 60, spans: 512, connections: 4, form: 'gzip' },
  { name: 'OTLP/JSON', requests: 40, spans: 512, connections: 4, form: 'json' },
];

const isWanted = (name: string): boolean => WANTED?.some((word) => name.includes(word)) ?? true;
const shapes = SHAPES.filter(({ name }) => isWanted(name));

test('spans a second until they are acknowledged, beside the OpenTelemetry Collector', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const mixed = isWanted(MIXED) ? [...(await captureRequests()), makeJavaRequest()] : [];
  await using collector = await startCollectorSide(data.path);
  await using service = await startServiceSide(join(data.path, 'service'));
  const lines = [describeMachine()];
  for (const shape of shapes) {
    const what = `${shape.requests} requests of ${shape.spans} spans of 20 attributes, ${shape.connections} connections`;
    lines.push(`${shape.name}: ${what}; ${ROUNDS} rounds, alternating`);
    lines.push(...(await compare(service, collector, RequestBatch.uniform(shape), shape.connections)));
  }
  if (mixed.length > 0) {
    const batch = RequestBatch.of(
      mixed.map(({ bytes }) => bytes),
      MIXED_TIMES,
    );
    lines.push(
      `${MIXED}: ${MIXED_TIMES} times each of these requests, ${MIXED_CONNECTIONS} connections; ${ROUNDS} rounds, alternating`,
      ...mixed.map((request) => `    ${describeRequest(request)}`),
      ...(await compare(service, collector, batch, MIXED_CONNECTIONS)),
    );
  }
  await service.stop();
  const report = await verifyDirectory(join(data.path, 'service'));
  expect(report.failures).toEqual([]);
  printLines(lines);
}, 1_800_000);

async function compare(
  service: RunningSide,
  collector: RunningSide,
  batch: RequestBatch,
  connections: number,
): Promise<string[]> {
  const [ours, theirs] = [figuresOf(service), figuresOf(collector)];
  const drains: number[] = [];
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
      await measureRound(one, batch, connections, round > 0);
      const drain = await one.side.rest();
      if (one === ours) drains.push(drain);
    }
    await collector.clear();
  }
  return [
    describeFigures(ours),
    describeFigures(theirs),
    `  ratio ${(median(ours.rates) / median(theirs.rates)).toFixed(2)}x; followers took ${median(drains).toFixed(1)} s more for each round`,
  ];
}
