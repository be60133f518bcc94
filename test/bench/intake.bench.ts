import { once } from 'node:events';
import { mkdir, open, rm } from 'node:fs/promises';
import { request as httpRequest, Agent } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { makeDataDirectory, readEntries } from '../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../support/exporter/spans.ts';

const ROUNDS = 5;
const SPANS_PER_REQUEST = 512;
const REQUESTS_PER_ROUND = 60;
const CONNECTIONS = 4;
const SPANS_PER_ROUND = SPANS_PER_REQUEST * REQUESTS_PER_ROUND;

/** What an auto-instrumented HTTP server writes, with a session bound, as in the demo: 20 attributes. */
const ORDINARY = {
  'http.scheme': 'https',
  'url.scheme': 'https',
  'server.address': 'shop.example',
  'server.port': 443,
  'network.protocol.version': '1.1',
  'network.peer.address': '10.0.0.7',
  'network.peer.port': 51_234,
  'oidc.session.state': 'active',
  'express.type': 'request_handler',
  'express.name': '/orders/:id',
};

/** Requests of a round, serialised before the clock starts. */
function makeRequests(): Uint8Array[] {
  const senders = Array.from({ length: 4 }, (_, i) => createSender(`shop-${i}`));
  return Array.from({ length: REQUESTS_PER_ROUND }, (_, r) =>
    toProtobuf(
      Array.from({ length: SPANS_PER_REQUEST }, (_unused, s) => {
        const person = (r * 31 + s) % 500;
        const sender = senders[r % senders.length] ?? createSender('shop');
        return sender.span({
          attributes: { ...sessionAttributes(`user-${person}`, `session-${person}`), ...ORDINARY },
        });
      }),
    ),
  );
}

/** Sends all requests over a few connections; resolves with the seconds that it took. */
async function sendAll(url: string, requests: readonly Uint8Array[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const waiting = [...requests];
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
        expect(await post(agent, `${url}/v1/traces`, body)).toBe(200);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  agent.destroy();
  return seconds;
}

function post(agent: Agent, url: string, body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const request = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The floor: the bytes of the same requests, appended to a file with one fdatasync a request. */
async function appendAll(file: string, requests: readonly Uint8Array[]): Promise<number> {
  const handle = await open(file, 'w');
  const begin = performance.now();
  for (const body of requests) {
    await handle.write(body);
    await handle.datasync();
  }
  const seconds = (performance.now() - begin) / 1000;
  await handle.close();
  await rm(file);
  return seconds;
}

async function startChild(dataDirectory: string): Promise<{ child: ChildProcess; url: string }> {
  const script = join(import.meta.dirname, 'serve-child.ts');
  const child = spawn(process.execPath, [script, dataDirectory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const text of child.stdout) {
    output += String(text);
    const url = /^listening (\S+)$/m.exec(output)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error('the service did not start');
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

test('spans a second through the service, beside a plain append and fdatasync of the same bytes', async () => {
  const data = await makeDataDirectory();
  const { child, url } = await startChild(join(data.path, 'service'));
  await mkdir(join(data.path, 'plain'));
  const load = loadavg()[0] ?? 0;
  const service: number[] = [];
  const plain: number[] = [];
  let requestBytes = 0;
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    const requests = makeRequests();
    requestBytes = requests.reduce((sum, body) => sum + body.length, 0);
    const plainSeconds = await appendAll(join(data.path, 'plain', 'file'), requests);
    const serviceSeconds = await sendAll(url, requests);
    if (round === 0) continue;
    plain.push(SPANS_PER_ROUND / plainSeconds);
    service.push(SPANS_PER_ROUND / serviceSeconds);
  }
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  expect(await readEntries(join(data.path, 'service'))).toHaveLength(SPANS_PER_ROUND * (ROUNDS + 1));
  await data.remove();

  const rate = (value: number): string => `${Math.round(value / 1000)}k spans/s`;
  const lines = [
    `machine: ${cpus().length} cores, load ${load.toFixed(2)} before; ${process.version}`,
    `requests: ${SPANS_PER_REQUEST} spans of 20 attributes, ${Math.round(requestBytes / REQUESTS_PER_ROUND / 1024)} KiB; ${CONNECTIONS} connections; ${ROUNDS} rounds, alternating`,
    `service:              median ${rate(median(service))}  (${service.map(rate).join(', ')})`,
    `append + fdatasync:   median ${rate(median(plain))}  (${plain.map(rate).join(', ')})`,
    `the service does ${((100 * median(service)) / median(plain)).toFixed(0)} % of what the disk would`,
  ];
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
});
