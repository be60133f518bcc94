import { request as requestPlain, type IncomingHttpHeaders } from 'node:http';
import { Agent, request as requestTls } from 'node:https';
import { TLSSocket } from 'node:tls';

/** What is asked, and as whom. */
export interface Asking {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /** The authority of the service's certificate, PEM. */
  ca?: string;
  /** Our own certificate and its key, PEM. */
  cert?: string;
  key?: string;
  agent?: Agent;
}

/** What was answered. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The serial number of the service's certificate; undefined without TLS. */
  serial: string | undefined;
  /** Our own port: tells connections apart. */
  localPort: number | undefined;
}

/** Asks a service over one connection of its own, unless there is an agent. */
export function ask(url: string, { token, body, headers, ...options }: Asking = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const make = url.startsWith('https:') ? requestTls : requestPlain;
  const agent = options.agent ?? (url.startsWith('https:') ? new Agent({ keepAlive: false }) : undefined);
  const request = make(url, {
    ...options,
    ...(agent !== undefined && { agent }),
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/x-protobuf' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  request.once('error', reject);
  request.once('response', (response) => {
    // A connection that is kept knows it no more.
    const { localPort } = response.socket;
    const serial =
      response.socket instanceof TLSSocket
        ? response.socket.getPeerX509Certificate()?.serialNumber
        : undefined;
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('error', reject);
    response.once('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, serial, localPort });
    });
  });
  request.end(body);
  return promise;
}
