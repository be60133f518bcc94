import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freeAddresses, startCollector } from '../../real/collector/collector.ts';
import { makeDataDirectory, verifyDirectory } from '../../support/exporter/service.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';
import { cpuSeconds, residentMebibytes, untilIdle } from './process-meter.ts';
import { RequestBatch, type Shape } from './requests.ts';
import { sendAll } from './sender.ts';

/** SPANLEDGER_BENCH_ROUNDS: fewer for a first look. */
const ROUNDS = Number(process.env['SPANLEDGER_BENCH_ROUNDS'] ?? 7);
/** SPANLEDGER_BENCH_SHAPES: only the shapes with one of these words in their names. */
const WANTED = process.env['SPANLEDGER_BENCH_SHAPES']?.split(',');
const MAX_DRAIN_MS = 60_000;

const SHAPES: readonly Shape[] = [
  { name: 'uniform, 4 connections', requests: 60, spans: 512, connections: 4, form: 'protobuf' },
  { name: 'uniform, 8 connections', requests: 60, spans: 512, connections: 8, form: 'protobuf' },
  { name: 'small requests', requests: 1_920, spans: 8, connections: 64, form: 'protobuf' },
  { name: 'gzip', requests: 60, spans: 512, connections: 4, form: 'gzip' },
  { name: 'OTLP/JSON', requests: 40, spans: 512, connections: 4, form: 'json' },
];

/** One of the two that are compared, and what was measured of it. */
interface Side {
  pid: number;
  port: number;
  rates: number[];
  latencies: number[];
  cores: number[];
  memory: number[];
}

const shapes = SHAPES.filter(({ name }) => WANTED?.some((word) => name.includes(word)) ?? true);

test('spans a second until they are acknowledged, beside the OpenTelemetry Collector', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const [otlp = '', health = ''] = await freeAddresses(2);
  const telemetry = join(data.path, 'telemetry.json');
  await using collector = await startCollector([join(import.meta.dirname, 'collector-to-file.yaml')], {
    OTLP_ENDPOINT: otlp,
    HEALTH_ENDPOINT: health,
    TELEMETRY_FILE: telemetry,
  });
  const service = await startChild(join(data.path, 'service'));
  onTestFinished(() => void service.child.kill('SIGKILL'));
  const lines = [describeMachine()];
  for (const shape of shapes) {
    const batch = new RequestBatch(shape);
    const ours = side(service.child.pid ?? 0, service.port);
    const theirs = side(collector.pid, Number(otlp.split(':')[1]));
    const drains: number[] = [];
    // The first round warms up and is not counted.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const one of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
        await measure(one, batch, shape.connections, round > 0);
        const drain = await untilIdle(one.pid, MAX_DRAIN_MS);
        if (one === ours) drains.push(drain);
      }
      await truncate(telemetry);
    }
    lines.push(
      `${shape.name}: ${shape.requests} requests of ${shape.spans} spans of 20 attributes, ${shape.connections} connections; ${ROUNDS} rounds, alternating`,
      describe('  Spanledger', ours),
      describe('  Collector ', theirs),
      `  ratio ${(median(ours.rates) / median(theirs.rates)).toFixed(2)}x; followers took ${median(drains).toFixed(1)} s more for each round`,
    );
  }
  const gone = once(service.child, 'exit');
  service.child.kill('SIGTERM');
  await gone;
  const report = await verifyDirectory(join(data.path, 'service'));
  expect(report.failures).toEqual([]);
  printLines(lines);
}, 1_200_000);

function side(pid: number, port: number): Side {
  return { pid, port, rates: [], latencies: [], cores: [], memory: [] };
}

async function measure(one: Side, batch: RequestBatch, connections: number, counts: boolean): Promise<void> {
  const bodies = batch.renew();
  const before = await cpuSeconds(one.pid);
  const { seconds, latencies } = await sendAll(one.port, batch.headers, bodies, connections);
  if (!counts) return;
  one.rates.push(batch.spans / seconds);
  one.latencies.push(...latencies);
  one.cores.push(((await cpuSeconds(one.pid)) - before) / seconds);
  one.memory.push(await residentMebibytes(one.pid));
}

function describe(name: string, { rates, latencies, cores, memory }: Side): string {
  const thousands = (value: number): string => `${(value / 1000).toFixed(1)}k`;
  return [
    `${name} median ${thousands(median(rates))} spans/s (${thousands(Math.min(...rates))} to ${thousands(Math.max(...rates))})`,
    `p50 ${median(latencies).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`,
    `${median(cores).toFixed(2)} cores`,
    `${Math.max(...memory).toFixed(0)} MiB`,
  ].join('; ');
}

/** The service as an operator runs it. */
async function startChild(dataDirectory: string): Promise<{ child: ChildProcess; port: number }> {
  const script = join(import.meta.dirname, '../serve-child.ts');
  const child = spawn(process.execPath, [script, dataDirectory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const text of child.stdout) {
    output += String(text);
    const port = /^listening http:\/\/[^:]+:(\d+)$/m.exec(output)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error('the service did not start');
}
