import fc from 'fast-check';
import { expect, it } from 'vitest';

import { parseLogFile } from '../../../packages/exporter/src/api/log-files.ts';

it.each([
  ['checkpoint', 'no-cache'],
  ['keys', 'no-cache'],
  ['checkpoints/00000000000000000001', 'no-cache'],
  ['tile/0/000', 'public, max-age=31536000, immutable'],
  ['tile/1/x001/x234/067.p/3', 'public, max-age=31536000, immutable'],
  ['tile/entries/000.p/255', 'public, max-age=31536000, immutable'],
])('serves %s', (path, cacheControl) => {
  expect(parseLogFile(path)).toMatchObject({ path, cacheControl });
});

it.each(['', 'tile', 'tile/0/000.p/256', 'tile/0/000.p/0', 'tile/0/1', 'tile/0/x000/001', 'checkpoints/1'])(
  'does not serve %j',
  (path) => {
    expect(parseLogFile(path)).toBeUndefined();
  },
);

it('serves no path that leads anywhere else', () => {
  const part = fc.constantFrom(
    'tile',
    'entries',
    '..',
    '.',
    '',
    '000',
    'x001',
    '0',
    '%2e%2e',
    '\\',
    'checkpoints',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const file = parseLogFile(parts.join('/'));
      if (file !== undefined) expect(file.path).toMatch(/^(checkpoint|tile\/[a-z0-9./]+)$/);
      if (file !== undefined) expect(file.path.split('/')).not.toContain('..');
    }),
  );
});
