import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LedgerError } from '../errors.ts';
import { ADD_CHECKPOINT_PATH, MAX_ADD_CHECKPOINT_BYTES } from './add-checkpoint.ts';
import type { Witness, WitnessAnswer, WitnessEvent } from './witness.ts';

/** A request must have arrived within this time, headers and body. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Logs that publish every now and then keep their connection. */
const KEEP_ALIVE_MS = 60_000;

const MAX_CONNECTIONS = 256;
const MAX_HEADER_BYTES = 8 * 1024;

/** How long a stop waits for requests under way before their connections are cut. */
const CLOSE_DEADLINE_MS = 5_000;

const TEXT = 'text/plain; charset=utf-8';

/** A witness that listens. */
export interface WitnessServer {
  /** Where, e.g. `http://127.0.0.1:4320`: its submission and its monitoring prefix. */
  readonly url: string;
  /** Answers what is under way and listens no more. */
  close(): Promise<void>;
}

/** How a witness is served. */
export interface ServeWitnessOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Told of everything that was asked for. */
  onEvent?: (event: WitnessEvent) => void;
}

/**
 * Serves a witness by HTTP: `POST /add-checkpoint` (C2SP tlog-witness), `GET /<SHA-256 of the origin, hex>/checkpoint`
 * for what it cosigned last of a log, and `GET /healthz`. No request, however malformed, ends it.
 *
 * @throws LedgerError `witness_listen_failed`
 */
export async function serveWitness(witness: Witness, options: ServeWitnessOptions): Promise<WitnessServer> {
  const { host, port, onEvent = () => undefined } = options;
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 10,
    },
    (request, response) => {
      // A connection that breaks concerns nobody but its client.
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      void answer(witness, request).then((reply) => {
        onEvent(reply.event);
        send(request, response, reply);
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  await listen(server, host, port);
  return { url: urlOf(server, host), close: () => close(server) };
}

/** Never rejects: whatever goes wrong is an answer. */
async function answer(witness: Witness, request: IncomingMessage): Promise<WitnessAnswer> {
  try {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path === ADD_CHECKPOINT_PATH) {
      if (request.method !== 'POST') return plain(405, 'Only POST is answered here.');
      const body = await readBody(request);
      return body === undefined
        ? plain(413, `A request has at most ${MAX_ADD_CHECKPOINT_BYTES} bytes.`)
        : await witness.addCheckpoint(body);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(405, 'Only GET is answered here.');
    if (path === '/healthz') return plain(200, 'ok');
    const note = noteAt(witness, path);
    return note === undefined ? plain(404, 'There is nothing here.') : { ...plain(200, ''), body: note };
  } catch (error) {
    const detail = 'The request could not be answered.';
    return { ...plain(500, detail), event: { kind: 'failed', detail, error } };
  }
}

/** What was cosigned last of the log that a path names. */
function noteAt(witness: Witness, path: string): string | undefined {
  const [, digest] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? [];
  if (digest === undefined) return undefined;
  const origin = witness.origins.find((each) => createHash('sha256').update(each).digest('hex') === digest);
  return origin === undefined ? undefined : witness.latest(origin);
}

function plain(status: number, detail: string): WitnessAnswer {
  const event: WitnessEvent = { kind: 'refused', detail };
  return { status, contentType: TEXT, body: `${detail}\n`, event };
}

/** The request's body; undefined if it is too long. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a body is bytes');
    length += chunk.length;
    if (length > MAX_ADD_CHECKPOINT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(request: IncomingMessage, response: ServerResponse, reply: WitnessAnswer): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(reply.status === 405 && {
      allow: request.url?.startsWith(ADD_CHECKPOINT_PATH) === true ? 'POST' : 'GET',
    }),
    ...(reply.status === 429 && { 'retry-after': '1' }),
    // What is left of a body that was too long is not read.
    ...(request.complete ? {} : { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void => {
      const message = `the witness cannot listen on ${host}, port ${port}`;
      reject(
        new LedgerError('witness_listen_failed', message, {
          cause,
          hint: 'Is another service there already? Choose another port.',
        }),
      );
    };
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      // Running out of file descriptors, say: it goes on when there are some again.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function close(server: Server): Promise<void> {
  const deadline = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSE_DEADLINE_MS);
  try {
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeIdleConnections();
    });
  } finally {
    clearTimeout(deadline);
  }
}
