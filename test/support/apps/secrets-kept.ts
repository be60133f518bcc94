import { expect } from 'vitest';
import type { LibraryWorld } from './library-world.ts';

/**
 * Expects that nothing the audit receiver got contains a secret.
 *
 * @param more what the provider does not know of: values of cookies
 */
export function expectSecretsKept(world: LibraryWorld, more: readonly string[] = []): void {
  const secrets = [...world.provider.secrets, ...more];
  expect(secrets.length).toBeGreaterThan(0);
  expect(world.audit.seen.length).toBeGreaterThan(0);
  for (const { body } of world.audit.seen) {
    expect(secrets.filter((secret) => body.includes(secret))).toEqual([]);
  }
}
