import { describe, expect, it } from 'vitest';
import { CookieJar } from '../../../packages/demo/src/people/cookie-jar.ts';

const shop = new URL('http://127.0.0.1:4000/orders');
const provider = new URL('http://127.0.0.1:5000/auth');

describe('CookieJar', () => {
  it('shows a server what that server set, and no other', () => {
    const jar = new CookieJar();
    expect(jar.take(shop, ['a=1; Path=/; HttpOnly', 'b=x=y; SameSite=Lax'])).toEqual(['1', 'x=y']);
    expect(jar.show(shop)).toBe('a=1; b=x=y');
    expect(jar.show(provider)).toBeUndefined();
  });

  it('forgets what is taken back', () => {
    const jar = new CookieJar();
    jar.take(shop, ['a=1', 'b=2', 'c=3']);
    expect(jar.take(shop, ['a=; Path=/', 'b=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])).toEqual([]);
    expect(jar.show(shop)).toBe('c=3');
  });

  it('keeps a cookie that expires later', () => {
    const jar = new CookieJar();
    jar.take(shop, ['a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT']);
    expect(jar.show(shop)).toBe('a=1');
  });
});
