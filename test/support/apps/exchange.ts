import { request as send } from 'node:http';

const TIMEOUT_MS = 20_000;

/** An answer as it came over the wire. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  /** Names and values in their order, as they were written. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** What is sent besides the address. */
export interface ExchangeRequest {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

/** Sends one request and keeps every byte of the answer that can differ. */
export function exchange(
  url: URL,
  { method = 'GET', headers = {}, body = '' }: ExchangeRequest = {},
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = {
      method,
      headers: { ...headers, ...length },
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { rawHeaders } = response;
        resolve({
          method,
          url,
          status: response.statusCode ?? 0,
          headers: rawHeaders.flatMap((name, index) =>
            index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
          ),
          body: Buffer.concat(chunks),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The first header of a name. */
export function headerOf({ headers }: Exchange, name: string): string | undefined {
  return headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}
