import { CONSOLE_CONTENT_SECURITY_POLICY, CONSOLE_PAGE } from '@spanledger/console';
import { expect, it } from 'vitest';

it('loads, runs and styles nothing, so that the strictest policy fits', () => {
  expect(CONSOLE_CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none';/);
  expect(CONSOLE_PAGE).not.toMatch(
    /<(script|style|link|img|iframe|form|base|object)|\s(style|src|on\w+)=|https?:\/\//i,
  );
});

it('links only to paths of the service', () => {
  const links = [...CONSOLE_PAGE.matchAll(/href="([^"]+)"/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect(link).toMatch(/^\/[a-z]/);
});
