import { memberOf } from '../attach/global-api.ts';

/** The bearer token in a request's `Authorization` header (RFC 6750, 2.1). */
export function bearerToken(request: unknown): string | undefined {
  const header = memberOf(memberOf(request, 'headers'), 'authorization');
  return typeof header === 'string' ? /^Bearer +(\S+) *$/i.exec(header)?.[1] : undefined;
}
