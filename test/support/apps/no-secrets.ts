import { expect } from 'vitest';
import type { LibraryWorld } from './library-world.ts';

/** Shorter values of cookies are no secrets, and occur by chance. */
const MIN_COOKIE_CHARS = 20;

/**
 * Expects that nothing that reached the audit receiver holds a secret: no token, code or client secret of the provider,
 * no value of a cookie of the app, and none of `more`.
 */
export function expectNoSecrets(world: LibraryWorld, more: readonly string[] = []): void {
  const cookies = world.exchanges
    .flatMap(({ headers }) => headers.filter(([name]) => name.toLowerCase() === 'set-cookie'))
    .map(([, value]) => /=([^;]*)/.exec(value)?.[1] ?? '')
    .filter((value) => value.length >= MIN_COOKIE_CHARS);
  const secrets = [...world.provider.secrets, ...cookies, ...more];
  const { seen } = world.audit;
  expect(seen.length, 'the receiver got something').toBeGreaterThan(0);
  for (const { body } of seen) {
    const text = body.toString('latin1');
    for (const secret of secrets) {
      for (const form of new Set([secret, decodeURIComponent(secret)])) {
        expect(text.includes(form), `${form.slice(0, 12)}… in what was sent`).toBe(false);
      }
    }
  }
}
