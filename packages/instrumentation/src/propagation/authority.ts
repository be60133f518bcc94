import { isIP, isIPv6 } from 'node:net';

/** A host as it is compared: lower case, ASCII, IPv6 in brackets, without the dot of an absolute name. */
export interface Authority {
  readonly hostname: string;
  readonly port: number | undefined;
}

/** DNS allows 253 characters, and a port takes 6. */
const MAX_AUTHORITY_CHARS = 260;

const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;

/**
 * Reads `host` or `host:port`, as a Host header has it. Whatever else it may be (user info, a path, an encoded or
 * non-ASCII name, a zone) is not a host here: it names none that could be on a list.
 */
export function parseAuthority(text: string): Authority | undefined {
  if (text.length > MAX_AUTHORITY_CHARS) return undefined;
  const [, host, digits] = HOST_AND_PORT.exec(text) ?? [];
  if (host === undefined) return undefined;
  const hostname = canonicalHost(host);
  const port = digits === undefined ? undefined : Number(digits);
  return hostname === undefined || (port !== undefined && port > 65_535) ? undefined : { hostname, port };
}

/** A host alone, where IPv6 may stand without brackets, as options of `http.request` have it. */
export function parseHostname(text: string): string | undefined {
  const authority = parseAuthority(isIPv6(text) ? `[${text}]` : text);
  return authority?.port === undefined ? authority?.hostname : undefined;
}

/** `host`, or `host:port` unless the port is what the scheme implies. */
export function formatAuthority({ hostname, port }: Authority, isEncrypted: boolean): string {
  return port === undefined || port === (isEncrypted ? 443 : 80) ? hostname : `${hostname}:${port}`;
}

/** Whether a canonical host is an address. */
export function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || isIP(hostname) !== 0;
}

/** As URLs have it, so that the many spellings of one address are one. */
function canonicalHost(host: string): string | undefined {
  const url = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`) : undefined;
  const hostname = url?.hostname.replace(/\.$/, '') ?? '';
  return hostname === '' || hostname.endsWith('.') ? undefined : hostname;
}
