import { isAddress, parseAuthority, type Authority } from './authority.ts';

/** One entry of `SPANLEDGER_PROPAGATE_TO`. */
export interface HostPattern {
  readonly kind: 'host' | 'suffix';
  /** A suffix keeps its dot: `.example.com` is neither `example.com` nor `evil-example.com`. */
  readonly name: string;
  /** Undefined is any port. */
  readonly port: number | undefined;
}

/** Reads `host`, `host:port` or `.suffix`; undefined for anything else, `*` above all. */
export function parseHostPattern(text: string): HostPattern | undefined {
  const isSuffix = text.startsWith('.');
  const authority = parseAuthority(isSuffix ? text.slice(1) : text);
  if (authority === undefined) return undefined;
  const { hostname, port } = authority;
  if (!isSuffix) return { kind: 'host', name: hostname, port };
  return isAddress(hostname) ? undefined : { kind: 'suffix', name: `.${hostname}`, port };
}

/** Whether a host is on the list. */
export function isListed(patterns: readonly HostPattern[], { hostname, port }: Authority): boolean {
  return patterns.some(
    (pattern) =>
      (pattern.port === undefined || pattern.port === port) &&
      (pattern.kind === 'host'
        ? hostname === pattern.name
        : !isAddress(hostname) && hostname.length > pattern.name.length && hostname.endsWith(pattern.name)),
  );
}
