import { memberOf } from '../../attach/global-api.ts';

/** The token that was decoded into artifacts. */
export function tokenOf(artifacts: unknown): string | undefined {
  const token = memberOf(artifacts, 'token');
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** The claims in artifacts, verified or not; undefined where the token is not signed at all. */
export function signedPayload(artifacts: unknown): object | undefined {
  const signature = memberOf(memberOf(artifacts, 'raw'), 'signature');
  const payload = memberOf(memberOf(artifacts, 'decoded'), 'payload');
  return typeof signature === 'string' && signature !== '' && typeof payload === 'object' && payload !== null
    ? payload
    : undefined;
}

/** The header in artifacts. */
export function headerOf(artifacts: unknown): unknown {
  return memberOf(memberOf(artifacts, 'decoded'), 'header');
}
