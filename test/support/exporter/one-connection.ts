import { Agent, request } from 'node:http';

/** An answer, read to its end. */
export interface Answer {
  status: number;
  text: string;
  retryAfter: string | undefined;
}

/**
 * Asks a service over one connection that stays open, one request at a time: a service that can open nothing more accepts
 * no other.
 */
export class OneConnection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });

  /** Sends a GET, or a POST of protobuf; rejects where there is no answer within ten seconds. */
  ask(url: string, body?: Uint8Array): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const asked = request(url, {
      agent: this.#agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'content-type': 'application/x-protobuf' },
      signal: AbortSignal.timeout(10_000),
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers['retry-after'] });
      });
    });
    asked.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
