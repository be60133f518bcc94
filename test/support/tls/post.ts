import { readFile } from 'node:fs/promises';
import { request } from 'node:https';

/** Posts protobuf by TLS and tells the answer's status; rejects where the certificate is not the authority's. */
export async function postStatus(
  url: string,
  caFile: string,
  body: Uint8Array,
  token: string | undefined,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(url, {
    method: 'POST',
    ca: await readFile(caFile),
    agent: false,
    headers: { 'content-type': 'application/x-protobuf', ...authorization },
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    response.resume();
    response.on('end', () => {
      resolve(response.statusCode ?? 0);
    });
  });
  sent.end(body);
  return promise;
}
