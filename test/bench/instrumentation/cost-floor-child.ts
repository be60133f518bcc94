// What it costs at the least to put 300 requests a second of three spans on the disk and to send them: prints a line of JSON.
// Each part runs as often as in an application, once by bare system calls and once by this package, in turns.
import { closeSync, fdatasyncSync, openSync, readSync, writevSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TraceEncoder, type NumberedSpan } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { otlpReceiver } from '../../../packages/instrumentation/src/sender/receiver.ts';
import { openSyncable, SegmentSyncer } from '../../../packages/instrumentation/src/sender/segment-syncer.ts';
import { encodeFrameHead } from '../../../packages/instrumentation/src/spool/frame.ts';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';
import { writerInto } from '../../support/instrumentation/spool.ts';

const [, , directory = '', url = ''] = process.argv;

const ROUNDS = 6;
const WARM_UP_ROUNDS = 2;
const WRITES = 200;
const WRITE_EVERY_MS = 20;
const WRITES_PER_SYNC = 5;
const WRITES_PER_REQUEST = 100;
const REQUESTS_PER_WRITE = 6;

/** How the bytes get to the disk and to the receiver. */
interface Path {
  write(payload: Buffer): void;
  sync(): void;
  send(): Promise<void>;
}

const agent = new Agent({ keepAlive: true });

function post(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', resolve);
    })
      .on('error', reject)
      .end(body);
  });
}

function bare(): Path {
  const file = openSync(join(directory, 'bare'), 'a+');
  const buffer = Buffer.alloc(4 * 1024 * 1024);
  let end = 0;
  let sent = 0;
  process.once('exit', () => {
    closeSync(file);
  });
  return {
    write: (payload) => (end += writevSync(file, [encodeFrameHead('final', [], payload), payload])),
    sync: () => {
      fdatasyncSync(file);
    },
    send: async () => {
      const size = readSync(file, buffer, 0, end - sent, sent);
      sent = end;
      await post(buffer.subarray(0, size));
    },
  };
}

function ours(): Path {
  const counters = new SpoolCounters();
  const writer = writerInto(directory, 'live', { counters });
  const folder = join(directory, 'live');
  const reader = new SpoolReader(folder, true, () => undefined);
  const syncer = new SegmentSyncer({
    folder,
    counters,
    confirmed: () => reader.confirmed,
    open: openSyncable,
  });
  const receiver = otlpReceiver(url);
  const joined = Buffer.alloc(4 * 1024 * 1024);
  return {
    write: (payload) => writer.append('final', [], payload, 3 * REQUESTS_PER_WRITE),
    sync: () => {
      syncer.run();
    },
    send: async () => {
      const batch = reader.next(joined.length);
      if (batch === undefined) return;
      let size = 0;
      for (const payload of batch.payloads) size += payload.copy(joined, size);
      await receiver.send(joined.subarray(0, size));
      reader.confirm(batch);
    },
  };
}

let made = 0;

/** The three spans of a request: of the server, of a middleware and of a handler, with a session. */
function requestSpans(): NumberedSpan[] {
  const id = (made++).toString(16);
  const identity = { traceId: id.padStart(32, '1'), spanId: id.padStart(16, '2'), traceFlags: 1 };
  const session = {
    'session.id': `session-${made % 50}`,
    'user.id': `person-${made % 50}`,
    'oidc.client_id': 'web',
    'oidc.issuer': 'https://idp.example',
  };
  const server = {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/orders/:id',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': 40_000 + (made % 100),
    'network.protocol.version': '1.1',
    'url.path': `/orders/${made % 1_000}`,
    'url.scheme': 'http',
    'oidc.token.id': `token-${made % 50}`,
    'oidc.token.type': 'access',
  };
  return [
    { 'express.name': 'authenticate', 'express.type': 'middleware', 'http.route': '/' },
    { 'express.name': '/orders/:id', 'express.type': 'request_handler', 'http.route': '/orders/:id' },
    server,
  ].map((attributes, index) => ({
    span: makeSpan({ spanContext: () => identity, attributes: { ...attributes, ...session } }),
    number: made * 3 + index,
  }));
}

const encoder = new TraceEncoder('ab'.repeat(16));

/** Microseconds of this thread, a request. */
async function round(path: Path): Promise<Record<string, number>> {
  const sums = { encode: 0, write: 0, sync: 0, send: 0 };
  const cpu = (): number => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  for (let count = 1; count <= WRITES; count++) {
    await pause(WRITE_EVERY_MS);
    const spans = Array.from({ length: REQUESTS_PER_WRITE }, requestSpans).flat();
    const times = [cpu()];
    const payload = encoder.encode(spans);
    times.push(cpu());
    path.write(payload);
    times.push(cpu());
    if (count % WRITES_PER_SYNC === 0) path.sync();
    times.push(cpu());
    if (count % WRITES_PER_REQUEST === 0) await path.send();
    times.push(cpu());
    for (const [index, part] of (['encode', 'write', 'sync', 'send'] as const).entries())
      sums[part] += (times[index + 1] ?? Number.NaN) - (times[index] ?? Number.NaN);
  }
  const requests = WRITES * REQUESTS_PER_WRITE;
  return Object.fromEntries(Object.entries(sums).map(([part, us]) => [part, us / requests]));
}

const paths = { bare: bare(), ours: ours() };
const rounds: Record<string, Record<string, number>[]> = { bare: [], ours: [] };
for (let count = 0; count < WARM_UP_ROUNDS + ROUNDS; count++) {
  for (const [name, path] of Object.entries(paths)) {
    const parts = await round(path);
    if (count >= WARM_UP_ROUNDS) rounds[name]?.push(parts);
  }
}
agent.destroy();
process.stdout.write(JSON.stringify(rounds));
process.exit();
