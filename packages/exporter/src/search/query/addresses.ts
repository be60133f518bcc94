/** A network as a range of addresses: those that begin with the first `bits` bits of `address`. */
export interface Network {
  /** 4 bytes of an IPv4 address, 16 of an IPv6 one. */
  address: readonly number[];
  bits: number;
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * Reads an IPv4 or IPv6 address. An IPv4 address mapped into IPv6 is the IPv4 address.
 *
 * @returns its 4 or 16 bytes; undefined when the text is no address
 */
export function parseAddress(text: string): number[] | undefined {
  if (!text.includes(':')) return parseDotted(text);
  const bytes = parseColons(text);
  if (bytes !== undefined && MAPPED_PREFIX.every((byte, i) => bytes[i] === byte)) return bytes.slice(12);
  return bytes;
}

/** Reads `address/bits`, or an address alone as the network of just itself. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash === -1) return { address, bits: address.length * 8 };
  const written = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(written)) return undefined;
  const mapped = address.length === 4 && text.includes(':');
  const bits = Number(written) - (mapped ? 96 : 0);
  return bits < 0 || bits > address.length * 8 ? undefined : { address, bits };
}

/** True when the address lies in the network. */
export function contains(network: Network, address: readonly number[]): boolean {
  if (address.length !== network.address.length) return false;
  const whole = network.bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== network.address[i]) return false;
  const rest = network.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff00 >> rest) & 0xff;
  return ((address[whole] ?? 0) & mask) === ((network.address[whole] ?? 0) & mask);
}

function parseDotted(text: string): number[] | undefined {
  if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseColons(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  if (halves.length === 1) return head?.length === 16 ? head : undefined;
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined || head.length + tail.length > 14) return undefined;
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail];
}

function parseGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (mayEndDotted && i === groups.length - 1 && group.includes('.')) {
      const dotted = parseDotted(group);
      if (dotted === undefined) return undefined;
      bytes.push(...dotted);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
