import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from '../statistics.ts';

/** What a stretch of load saw. */
export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly perSecond: number;
  readonly seconds: number;
}

const CONNECTIONS = 32;

/**
 * Requests at a fixed rate over keep-alive connections. Latency is counted from when a request was due, so that a
 * server that stalls is not asked less often.
 */
export async function runLoad({ url, tokens, perSecond, seconds }: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const total = Math.round(perSecond * seconds);
  const latencies: number[] = [];
  let failures = 0;
  const pending: Promise<void>[] = [];
  const begin = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) / 1_000) * perSecond) + 1);
    for (; sent < due; sent++) {
      const dueAt = begin + (sent / perSecond) * 1_000;
      const token = tokens[sent % tokens.length] ?? '';
      pending.push(
        get(agent, `${url}/orders/${sent % 1_000}`, token).then((status) => {
          latencies.push(performance.now() - dueAt);
          if (status !== 200) failures += 1;
        }),
      );
    }
    await pause(1);
  }
  await Promise.all(pending);
  agent.destroy();
  return { requests: total, failures, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
}

function get(agent: Agent, url: string, token: string): Promise<number> {
  return new Promise((resolve) => {
    const request = httpRequest(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.on('error', () => {
      resolve(0);
    });
    request.end();
  });
}
