import { median, quantile } from '../statistics.ts';
import { cpuSeconds, residentMebibytes } from './process-meter.ts';
import type { RequestBatch } from './requests.ts';
import { sendAll } from './sender.ts';
import type { RunningSide } from './sides.ts';

/** What was measured of one of those that are compared. */
export interface Figures {
  side: RunningSide;
  rates: number[];
  latencies: number[];
  cores: number[];
  memory: number[];
}

/** Nothing was measured yet. */
export function figuresOf(side: RunningSide): Figures {
  return { side, rates: [], latencies: [], cores: [], memory: [] };
}

/**
 * Sends a round of requests.
 *
 * @param counts - false for one that warms up
 */
export async function measureRound(
  one: Figures,
  batch: RequestBatch,
  connections: number,
  counts: boolean,
): Promise<void> {
  const { pid, port } = one.side;
  const bodies = batch.renew();
  const before = await cpuSeconds(pid);
  const { seconds, latencies } = await sendAll(port, batch.headers, bodies, connections);
  if (!counts) return;
  one.rates.push(batch.spans / seconds);
  one.latencies.push(...latencies);
  one.cores.push(((await cpuSeconds(pid)) - before) / seconds);
  one.memory.push(await residentMebibytes(pid));
}

/** A line of them. */
export function describeFigures({ side, rates, latencies, cores, memory }: Figures): string {
  const thousands = (value: number): string => `${(value / 1000).toFixed(1)}k`;
  return [
    `  ${side.name.padEnd(10)} median ${thousands(median(rates))} spans/s (${thousands(Math.min(...rates))} to ${thousands(Math.max(...rates))})`,
    `p50 ${median(latencies).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms`,
    `${median(cores).toFixed(2)} cores`,
    `${Math.max(...memory).toFixed(0)} MiB`,
  ].join('; ');
}
