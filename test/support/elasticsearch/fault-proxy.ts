import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';

/** What a proxy does to a request. */
export type Fault =
  /** Answers itself; the server behind it hears nothing. */
  | { kind: 'answer'; status: number; headers?: Record<string, string> }
  /** Passes the request on and cuts the connection instead of answering. */
  | { kind: 'cut_after' }
  /** Cuts the connection before the server behind it hears anything. */
  | { kind: 'cut_before' }
  /** Passes the request on and never answers. */
  | { kind: 'swallow_answer' }
  /** Passes the request on and answers this instead. */
  | { kind: 'answer_after'; status: number }
  /** Refuses bodies of more bytes than these. */
  | { kind: 'too_large'; bytes: number };

/** A request as a test sees it. */
export interface SeenRequest {
  method: string;
  path: string;
  bytes: number;
}

/** A proxy in front of a server, which does to each request what a test says. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** Decides of each request; undefined lets it through. */
  onRequest: ((request: SeenRequest) => Fault | undefined) | undefined;
  /** Runs before an answer is passed on. */
  onAnswer: ((request: SeenRequest) => Promise<void> | void) | undefined;
  readonly seen: SeenRequest[];
}

/** Starts a proxy in front of a server. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const seen: SeenRequest[] = [];
  const handle = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const asked: SeenRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      bytes: body.length,
    };
    seen.push(asked);
    const fault = proxy.onRequest?.(asked);
    if (fault?.kind === 'cut_before') {
      incoming.socket.destroy();
      return;
    }
    const refused = fault?.kind === 'too_large' && body.length > fault.bytes ? 413 : undefined;
    const status = fault?.kind === 'answer' ? fault.status : refused;
    if (status !== undefined) {
      const headers = fault?.kind === 'answer' ? fault.headers : {};
      answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{}');
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request(new URL(asked.path, target), {
      agent,
      method: asked.method,
      headers: { ...incoming.headers, host: new URL(target).host },
    });
    outgoing.once('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(body);
    const response = await promise;
    const text = await buffer(response);
    await proxy.onAnswer?.(asked);
    if (fault?.kind === 'swallow_answer') return;
    if (fault?.kind === 'cut_after') {
      incoming.socket.destroy();
      return;
    }
    const instead = fault?.kind === 'answer_after' ? fault.status : undefined;
    const { 'transfer-encoding': _chunked, ...headers } = response.headers;
    answer.writeHead(instead ?? response.statusCode ?? 502, { ...headers, 'content-length': text.length });
    answer.end(text);
  };
  const server = createServer((incoming, answer) => {
    handle(incoming, answer).catch(() => {
      incoming.socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server.address());
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${port}`,
    onRequest: undefined,
    onAnswer: undefined,
    seen,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return proxy;
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  return address;
}
