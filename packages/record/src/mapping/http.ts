import type { OtlpAttributes } from '../span.ts';
import { KIND_CLIENT, KIND_SERVER } from './kind.ts';
import { readShort, readText, readWord } from './read.ts';

/** What a record says about an HTTP span. */
export interface HttpFacts {
  method: string;
  route: string | undefined;
  /** Undefined where no response was seen. */
  status: number | undefined;
}

const VERBS = new Map([
  ['GET', 'READ'],
  ['HEAD', 'READ'],
  ['POST', 'CREATE'],
  ['PUT', 'UPDATE'],
  ['PATCH', 'UPDATE'],
  ['DELETE', 'DELETE'],
]);

/** Reads the facts, or undefined where the span is no HTTP server or client span. */
export function httpFacts(attributes: OtlpAttributes, kind: number): HttpFacts | undefined {
  if (kind !== KIND_SERVER && kind !== KIND_CLIENT) return undefined;
  const method = readWord(attributes, 'http.request.method');
  if (method === undefined) return undefined;
  return {
    method,
    route: readText(attributes, 'http.route'),
    status: readShort(attributes, 'http.response.status_code'),
  };
}

/** `audit.action` for a method. */
export function verbOfMethod(method: string): string {
  return VERBS.get(method.toUpperCase()) ?? 'EXECUTE';
}
