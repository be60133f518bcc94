import { describe, expect, test } from 'vitest';
import {
  AUTO_INSTRUMENTATIONS,
  FixtureProcess,
  REGISTER,
  STANDALONE,
} from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { get, startShop } from './shop-world.ts';

const WARNING = /\[SPANLEDGER_NO_PROVIDER\]/g;

describe.concurrent('without a tracer provider', () => {
  test('OTEL_SDK_DISABLED=true is told once, with the cause and what to do', async () => {
    await using world = await startShop({ env: { OTEL_SDK_DISABLED: 'true' } });
    const token = await world.provider.accessToken({ sub: 'alice', sid: 's1' });
    expect(await get(`${world.url}/orders`, token)).toMatchObject({ status: 200 });
    expect(world.shop.stderr).not.toMatch(WARNING);
    await expect.poll(() => world.shop.stderr, { timeout: 20_000 }).toMatch(WARNING);
    await get(`${world.url}/orders`, token);
    expect(world.shop.stderr.match(WARNING)).toHaveLength(1);
    expect(world.shop.stderr).toMatch(
      /because OTEL_SDK_DISABLED is true\. Set up the OpenTelemetry SDK, or load/,
    );
    expect(world.audit.seen).toEqual([]);
  }, 60_000);

  test.each([
    ['verify', 'wait', [REGISTER], true],
    ['serve', 'wait', [REGISTER], true],
    ['verify', 'end', [REGISTER], true],
    ['nothing', 'wait', [REGISTER], false],
    ['verify', 'register', [REGISTER], false],
    ['serve', 'register', [REGISTER], false],
    ['verify', 'end', [REGISTER, AUTO_INSTRUMENTATIONS], false],
    ['serve', 'wait', [AUTO_INSTRUMENTATIONS, REGISTER], false],
    ['serve', 'wait', [STANDALONE], false],
  ])(
    '%s, then %s, with %j: told is %s',
    async (work, next, imports, isTold) => {
      await using spool = await scratchDirectory();
      await using app = new FixtureProcess('without-provider.mjs', {
        imports,
        args: [work, next],
        env: { SPANLEDGER_SPOOL_DIR: spool.path, SPANLEDGER_EXIT_TIMEOUT_MS: '0' },
      });
      expect(await app.exited).toEqual({ code: 0, signal: null });
      expect(app.stderr.match(WARNING)?.length ?? 0).toBe(isTold ? 1 : 0);
    },
    60_000,
  );
});
