import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { get, startShop } from './shop-world.ts';

async function bytesBelow(directory: string): Promise<Buffer[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))),
  );
}

/** The ways in which a secret might be written. */
function spellings(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replaceAll('=', ''),
    Buffer.from(secret).toString('hex'),
  ];
}

test('no token, code, client secret, cookie or password occurs in any byte of the spool or the wire', async () => {
  await using world = await startShop({
    env: {
      // Applications that capture headers capture secrets; the audit path takes them out.
      OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST: 'authorization,cookie,x-api-key',
      OTEL_TRACES_SAMPLER: 'always_on',
    },
  });
  const { provider, audit, url } = world;
  // Nothing is removed from the spool while the receiver is away, so every byte that was ever in it is there to see.
  audit.answer = () => ({ status: 503 });
  const secrets = provider.secrets
    .add('state-value-that-must-not-leak')
    .add('cookie-value-that-must-not-leak')
    .add('api-key-that-must-not-leak')
    .add('password-that-must-not-leak');
  const headers = {
    cookie: 'sid=cookie-value-that-must-not-leak',
    'x-api-key': 'api-key-that-must-not-leak',
  };

  await get(`${url}/login`, undefined, headers);
  for (const accessClaims of [{}, false] as const) {
    const code = provider.login({ sub: 'alice', idClaims: { sid: 'sid-1' }, accessClaims });
    const { body } = await get(
      `${url}/callback?code=${code}&state=state-value-that-must-not-leak`,
      undefined,
      headers,
    );
    const token = String(body['access_token']);
    await get(`${url}/orders`, token, headers);
    await get(`${url}/orders?access_token=${token}&password=password-that-must-not-leak`, token, headers);
    await get(`${url}/introspect`, token, headers);
    await get(`${url}/refresh/alice`, undefined, headers);
    await get(`${url}/revoke/alice`, undefined, headers);
    await get(`${url}/logout/alice`, undefined, headers);
  }
  const used = provider.login({ sub: 'bob' });
  await get(`${url}/callback?code=${used}&state=wrong`, undefined, headers);
  provider.tokenError = { error: 'invalid_grant', error_description: `the code ${used} was used` };
  await get(`${url}/callback?code=${used}&state=state-value-that-must-not-leak`, undefined, headers);
  provider.tokenError = undefined;
  await get(`${url}/orders`, `${await provider.accessToken({ sub: 'alice' })}x`, headers);
  await get(`${url}/service`);

  const { spool } = world;
  await expect
    .poll(async () => Buffer.concat(await bytesBelow(spool)).includes('/service'), { timeout: 10_000 })
    .toBe(true);
  const spooled = Buffer.concat(await bytesBelow(spool));
  audit.answer = () => ({ status: 200 });
  await audit.waitFor(
    (spans) => spans.some(({ attributes }) => attributes['url.path'] === '/service'),
    'everything',
    60_000,
  );
  const wire = Buffer.concat(
    audit.seen.flatMap(({ body, headers: sent }) => [body, Buffer.from(JSON.stringify(sent))]),
  );

  expect(secrets.size).toBeGreaterThan(15);
  for (const bytes of [spooled, wire]) {
    expect(bytes.includes('sid-1')).toBe(true);
    for (const secret of secrets) {
      for (const spelling of spellings(secret)) {
        expect(bytes.includes(spelling), `${spelling.slice(0, 24)}…`).toBe(false);
      }
    }
  }
  expect(spooled.includes('REDACTED')).toBe(true);
  expect(world.shop.stderr).not.toMatch(/must-not-leak|eyJ/);
}, 90_000);
