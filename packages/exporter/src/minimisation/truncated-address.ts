import { isIPv4, isIPv6 } from 'node:net';

const IPV4_KEPT_BYTES = 3;
const IPV6_KEPT_GROUPS = 3;
const IPV6_GROUPS = 8;
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * An address without what tells one machine from its neighbours: IPv4 to its /24, IPv6 to its /48, as addresses.
 *
 * @returns e.g. `192.0.2.0` or `2001:db8:1::`; undefined for what is no address
 */
export function truncateAddress(text: string): string | undefined {
  const bare = text.replace(/%.*$/, '');
  const dotted = MAPPED_IPV4.exec(bare)?.[1] ?? bare;
  if (isIPv4(dotted)) return [...dotted.split('.').slice(0, IPV4_KEPT_BYTES), '0'].join('.');
  if (!isIPv6(bare)) return undefined;
  // RFC 5952, by the parser of URLs: no part of an IPv4 address at the end, and one `::` at most.
  const groups = expand(new URL(`http://[${bare}]`).hostname.slice(1, -1));
  return new URL(`http://[${groups.slice(0, IPV6_KEPT_GROUPS).join(':')}::]`).hostname.slice(1, -1);
}

function expand(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  if (tail === undefined) return before;
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after];
}
