/** An IPv4 address that came by an IPv6 socket, as it is written elsewhere; empty where there is none any more. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
