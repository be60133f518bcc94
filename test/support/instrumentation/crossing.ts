import { Agent, request as httpRequest } from 'node:http';
import type { DecodedSpan } from './otlp-decoder.ts';

const SERVER = 2;

/** A request of somebody, or of nobody. */
export interface Caller {
  /** Number of the person; undefined without a token. */
  readonly person: number | undefined;
  readonly token: string | undefined;
}

/** Spans under a session that was not theirs, and spans of a session's request without it. */
export interface Crossing {
  readonly requests: number;
  readonly spans: number;
  readonly crossed: number;
  readonly unlabelled: number;
}

/** Sends all at once, over connections that are used by one caller after another. */
export async function callAll(url: string, callers: readonly Caller[], connections: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses = await Promise.all(
    callers.map(({ person, token }) =>
      get(agent, `${url}/orders?who=${person ?? 'nobody'}&ms=${(person ?? 0) % 7}`, token),
    ),
  );
  agent.destroy();
  const failed = statuses.filter((status) => status !== 200);
  if (failed.length > 0) throw new Error(`${failed.length} requests failed, the first with ${failed[0]}`);
}

function get(agent: Agent, url: string, token: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const request = httpRequest(url, { agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** The server spans of the callers' requests. */
export function requestsOf(spans: readonly DecodedSpan[]): DecodedSpan[] {
  return spans.filter(({ kind, attributes }) => kind === SERVER && attributes['url.path'] === '/orders');
}

/** Compares whose session each span has with who made its request. */
export function countCrossing(spans: readonly DecodedSpan[]): Crossing {
  const callers = new Map(
    requestsOf(spans).map(({ traceId, attributes }) => [
      traceId,
      new URLSearchParams(String(attributes['url.query'])).get('who'),
    ]),
  );
  let crossed = 0;
  let unlabelled = 0;
  for (const { traceId, attributes } of spans) {
    const who = callers.get(traceId);
    const expected = who === undefined || who === 'nobody' ? undefined : `session-${who}`;
    const actual = attributes['session.id'];
    if (actual === expected) continue;
    if (actual === undefined) unlabelled += 1;
    else crossed += 1;
  }
  return { requests: callers.size, spans: spans.length, crossed, unlabelled };
}
