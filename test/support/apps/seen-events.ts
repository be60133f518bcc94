import { expect } from 'vitest';
import type { LibraryWorld, SeenEvent } from './library-world.ts';

/** The one event of a name that there is; more or fewer fail the test. */
export async function onlyEvent(world: LibraryWorld, name: string): Promise<SeenEvent> {
  const events = await world.events(name);
  expect(
    events.map(({ attributes }) => attributes),
    name,
  ).toHaveLength(1);
  const [event] = events;
  if (event === undefined) throw new Error(`no ${name}`);
  return event;
}

/** Shorter values of cookies are no secrets, and occur by chance. */
const MIN_COOKIE_CHARS = 20;

/**
 * Expects that nothing that was sent to the audit receiver contains a secret of the provider, the value of a cookie that
 * the app set, or one of `more`.
 *
 * @param world - The app that was driven.
 * @param more - Further secrets that the test used.
 */
export function expectNoSecrets(world: LibraryWorld, more: readonly string[] = []): void {
  const sent = Buffer.concat(world.audit.seen.map(({ body }) => body));
  expect(sent.length).toBeGreaterThan(0);
  const cookies = world.exchanges
    .flatMap(({ headers }) => headers.filter(([name]) => name.toLowerCase() === 'set-cookie'))
    .map(([, value]) => decodeURIComponent(/=([^;]*)/.exec(value)?.[1] ?? ''))
    .filter((value) => value.length >= MIN_COOKIE_CHARS);
  for (const secret of [...world.provider.secrets, ...cookies, ...more]) {
    expect(secret.length, 'a secret that could be searched for').toBeGreaterThan(8);
    expect(sent.includes(secret), `${secret.slice(0, 12)}… was sent`).toBe(false);
  }
}
