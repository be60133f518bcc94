import fc from 'fast-check';
import { BlockList } from 'node:net';
import { expect, test } from 'vitest';
import { truncateAddress } from '../../../../packages/exporter/src/minimisation/truncated-address.ts';

test.each([
  ['192.0.2.7', '192.0.2.0'],
  ['::ffff:192.0.2.7', '192.0.2.0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
  ['2001:DB8::1', '2001:db8::'],
  ['::1', '::'],
  ['fe80::1%eth0', 'fe80::'],
  ['1:0:0:4::', '1::'],
])('%s becomes %s', (address, truncated) => {
  expect(truncateAddress(address)).toBe(truncated);
});

test.each(['shop.internal', '', '192.0.2.7:443', '300.1.1.1', '1.2.3', '[::1]', '::gg'])(
  '%s is no address',
  (text) => {
    expect(truncateAddress(text)).toBeUndefined();
  },
);

test('an address and what is left of it lie in the same network, and all of that network leave the same', () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), group, (groups, other) => {
      const address = groups.map((one) => one.toString(16)).join(':');
      const neighbour = [...groups.slice(0, 3), other, ...groups.slice(4)]
        .map((one) => one.toString(16))
        .join(':');
      const truncated = truncateAddress(address) ?? '';
      const network = new BlockList();
      network.addSubnet(truncated, 48, 'ipv6');
      expect(network.check(address, 'ipv6')).toBe(true);
      // A mapped IPv4 address is one: its /24 is another question.
      if (!truncated.includes('.')) expect(truncateAddress(neighbour)).toBe(truncated);
    }),
  );
});
