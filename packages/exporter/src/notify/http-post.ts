import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The answer's body is of no use to us; a longer one is not waited for. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What is sent, and where to. */
export interface HttpPost {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** PEM file of the authorities to trust; undefined: those of the system. */
  caFile: string | undefined;
  /** Ends it, however far it is. */
  signal: AbortSignal;
}

/** What is of use of an answer. */
export interface HttpAnswer {
  status: number;
  retryAfter: string | undefined;
}

/**
 * Posts JSON. No redirect is followed, no proxy asked, no connection kept: alerts are rare.
 *
 * @throws Error of the system, with its code, when there was no answer
 */
export async function postJson({ url, headers, body, caFile, signal }: HttpPost): Promise<HttpAnswer> {
  const isEncrypted = url.protocol === 'https:';
  const ca = isEncrypted && caFile !== undefined ? await readFile(caFile) : undefined;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const options = {
    method: 'POST',
    agent: false,
    signal,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'spanledger',
      ...headers,
    },
  };
  const asked = isEncrypted
    ? requestHttps(url, { ...options, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) })
    : requestHttp(url, options);
  asked.on('error', reject);
  asked.on('response', (response) => {
    const answer = { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_ANSWER_BYTES) return;
      resolve(answer);
      response.destroy();
    });
    response.on('end', () => {
      resolve(answer);
    });
    // The status is what counts, however the rest of the answer ends.
    response.on('close', () => {
      resolve(answer);
    });
    response.on('error', () => {
      resolve(answer);
    });
  });
  asked.end(body);
  return promise;
}
