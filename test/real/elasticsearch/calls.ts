import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** What was answered; the body parsed where it is JSON. */
export interface Answer {
  status: number;
  body: unknown;
}

/** As whom; nobody where there is no security. */
export interface Caller {
  caFile?: string;
  /** `user:password` */
  auth?: string;
  /** In its encoded form. */
  apiKey?: string;
}

/** Calls an Elasticsearch as anybody could: not with the client that we use ourselves. */
export function elasticsearchCalls(
  url: string,
  { caFile, auth, apiKey }: Caller = {},
): (method: string, path: string, body?: unknown) => Promise<Answer> {
  const options = {
    ...(auth !== undefined && { auth }),
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    headers: {
      'content-type': 'application/json',
      ...(apiKey !== undefined && { authorization: `ApiKey ${apiKey}` }),
    },
  };
  return (method, path, body) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { ...options.headers, 'content-length': Buffer.byteLength(text) };
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    request(new URL(path, url), { ...options, headers, method }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: parse(answer) });
      });
    })
      .on('error', reject)
      .end(text);
    return promise;
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
