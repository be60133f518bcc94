import { Agent, request } from 'node:https';

/** With whose authority a service's certificate is checked, and which certificate is shown to it; all PEM. */
export interface ClientTls {
  /** The authorities that are believed in place of the system's. */
  ca?: string;
  cert?: string;
  key?: string;
}

/** Connections that are kept for the next request. */
const MAX_SOCKETS = 8;

/**
 * `fetch` with certificates of one's own, which the global one cannot be given. It asks for what is read whole: no
 * redirect is followed, and what was sent along goes nowhere else.
 *
 * @param maxBytes - longer answers reject
 */
export function tlsFetch(tls: ClientTls, maxBytes: number): typeof fetch {
  const agent = new Agent({ ...tls, keepAlive: true, maxSockets: MAX_SOCKETS });
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    // Without TLS there is nothing to show.
    if (url.protocol !== 'https:') return fetch(input, init);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const headers = Object.fromEntries(new Headers(init?.headers));
    const { signal, method = 'GET', body } = init ?? {};
    const asked = request(url, { agent, method, headers, ...(signal && { signal }) }, (message) => {
      const chunks: Buffer[] = [];
      let length = 0;
      message.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) message.destroy(new RangeError('the answer is too large'));
        else chunks.push(chunk);
      });
      message.once('error', reject);
      message.once('end', () => {
        const status = message.statusCode ?? 0;
        const isBare = status === 204 || status === 304;
        resolve(new Response(isBare ? null : new Uint8Array(Buffer.concat(chunks)), { status }));
      });
    });
    asked.once('error', reject);
    asked.end(typeof body === 'string' || body instanceof Uint8Array ? body : undefined);
    return promise;
  };
}
