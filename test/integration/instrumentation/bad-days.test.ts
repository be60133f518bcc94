import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { compareWithout } from '../../support/apps/compare-without.ts';
import type { LibraryWorld } from '../../support/apps/library-world.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

const APP = 'jose-6';
const SCRIPT = 'bad-days.mjs';
const run = promisify(execFile);
const SPOOL_WARNINGS = ['SPANLEDGER_SPOOL_FAILED', 'SPANLEDGER_SPOOL_FAILED_CAUSE'];
/** Who may write everywhere needs a file system that says no. */
const isRoot = process.getuid?.() === 0;

function post(world: LibraryWorld, path: string, body: string): Promise<unknown> {
  return world.send(path, { method: 'POST', body });
}

/** Ordinary requests, while something else is wrong. */
async function ordinaryDay(world: LibraryWorld): Promise<void> {
  const { tokens } = world.provider;
  for (let index = 0; index < 20; index += 1) await post(world, '/verify', await tokens.mint());
  for (const { token } of await tokens.badTokens()) await post(world, '/verify', token);
  await world.get('/attributes');
}

test('the library throws whatever it likes', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      for (const what of ['nothing', 'null', 'text', 'symbol', 'frozen', 'getters', 'hostile']) {
        expect((await world.get(`/throws/${what}`)).body.toString(), what).toMatch(/^the very same/);
      }
      await world.get('/arguments');
    },
    { warns: ['SPANLEDGER_JOSE_JWTVERIFY'] },
  );
});

test('a token of 2 MB, and one of 2 MB that is none', async () => {
  await compareWithout(APP, SCRIPT, async (world) => {
    const huge = await world.provider.tokens.mint({ sub: 'x'.repeat(1_500_000), sid: 'y'.repeat(100_000) });
    expect(huge.length).toBeGreaterThan(2_000_000);
    for (const token of [huge, `${huge}x`, 'z'.repeat(2_000_000), '.'.repeat(2_000_000)]) {
      await post(world, '/verify', token);
    }
  });
});

test('claims that are named after what objects have', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON', 'then'];
      const hostile = Object.fromEntries(names.map((name) => [name, { polluted: name }]));
      const { tokens } = world.provider;
      for (const claims of [hostile, { ...hostile, sub: '__proto__', sid: 'constructor', jti: 'toString' }]) {
        await post(world, '/verify', await tokens.mint(claims));
        await post(world, '/verify', await tokens.mint(claims, { expiresIn: -600 }));
      }
      await world.get('/binds/polluting');
    },
    { env: { SPANLEDGER_CLAIMS: '__proto__,constructor,toString,roles' } },
  );
});

test('sessions bound from objects that no token could hold', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      for (const name of [
        'cyclic',
        'deep',
        'surrogates',
        'long',
        'getter',
        'proxy',
        'nothing',
        'number',
        'bigint',
      ]) {
        expect((await world.get(`/binds/${name}`)).body.toString(), name).toMatch(/^still here/);
      }
    },
    { env: { SPANLEDGER_CLAIMS: 'self,deep,roles,aud' }, warns: ['SPANLEDGER_BIND_SESSION'] },
  );
});

test('ten thousand attributes on a span, and text that is no text', async () => {
  await compareWithout(
    APP,
    SCRIPT,
    async (world) => {
      await world.get('/attributes');
      await world.get('/surrogates');
      await post(world, '/verify', await world.provider.tokens.mint({ sub: '\ud800', sid: '\udfff' }));
    },
    { env: { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '20000', OTEL_SPAN_EVENT_COUNT_LIMIT: '2000' } },
  );
});

test('a clock that jumps forward and back', async () => {
  await compareWithout(APP, SCRIPT, ordinaryDay, { nodeOptions: '--require ./jumping-clock.cjs' });
});

test('a spool where no folder can be', async () => {
  await using scratch = await scratchDirectory();
  const file = join(scratch.path, 'file');
  await writeFile(file, '');
  await compareWithout(APP, SCRIPT, ordinaryDay, {
    audited: false,
    env: { SPANLEDGER_SPOOL_DIR: join(file, 'spool') },
    warns: SPOOL_WARNINGS,
  });
});

test('a spool that a newer version wrote', async () => {
  await using scratch = await scratchDirectory();
  const segment = join(scratch.path, 'spool-2/00000001.segment');
  await mkdir(join(scratch.path, 'spool-2'));
  await writeFile(segment, 'of another time');
  await compareWithout(APP, SCRIPT, ordinaryDay, {
    env: { SPANLEDGER_SPOOL_DIR: scratch.path },
    warns: ['SPANLEDGER_SPOOL_NEWER'],
  });
  expect(await readFile(segment, 'utf8')).toBe('of another time');
});

test('a folder that is read-only', async () => {
  await using scratch = await scratchDirectory();
  await using stack = new AsyncDisposableStack();
  const folder = join(scratch.path, 'spool');
  await mkdir(folder);
  if (isRoot) await mount(stack, folder, 'ro');
  else await chmod(folder, 0o500);
  await compareWithout(APP, SCRIPT, ordinaryDay, {
    audited: false,
    env: { SPANLEDGER_SPOOL_DIR: folder },
    warns: SPOOL_WARNINGS,
  });
});

test.skipIf(!isRoot)('a disk that is full', async () => {
  await using scratch = await scratchDirectory();
  await using stack = new AsyncDisposableStack();
  const folder = join(scratch.path, 'spool');
  await mkdir(folder);
  await mount(stack, folder, 'size=32k');
  await compareWithout(APP, SCRIPT, ordinaryDay, {
    audited: false,
    env: { SPANLEDGER_SPOOL_DIR: folder, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '20000' },
    warns: SPOOL_WARNINGS,
  });
});

async function mount(stack: AsyncDisposableStack, folder: string, options: string): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  stack.defer(async () => {
    await run('umount', ['--lazy', folder]);
  });
}
