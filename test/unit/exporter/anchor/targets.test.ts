import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandTarget, MAX_OUTPUT_BYTES } from '../../../../packages/exporter/src/anchor/command-target.ts';
import { directoryTarget } from '../../../../packages/exporter/src/anchor/directory-target.ts';

const NOTE = 'example.com/log\n42\ncm9vdA==\n\n— example.com/log c2lnbmF0dXJl\n';
const CHECKPOINT = { note: NOTE, size: 42, origin: 'example.com/log' };
const NAME = '00000000000000000042';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-anchor-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function signal(): AbortSignal {
  return new AbortController().signal;
}

describe('a directory', () => {
  test('gets a file for each checkpoint, and nothing else', async () => {
    const target = directoryTarget(directory);
    await target.hand(CHECKPOINT, signal());
    expect(await readdir(directory)).toEqual([NAME]);
    expect(await readFile(join(directory, NAME), 'utf8')).toBe(NOTE);
  });

  test('takes the same checkpoint again, with other signatures too', async () => {
    const target = directoryTarget(directory);
    await target.hand(CHECKPOINT, signal());
    await target.hand({ ...CHECKPOINT, note: `${NOTE}— witness.example d2l0bmVzcw==\n` }, signal());
    expect(await readFile(join(directory, NAME), 'utf8')).toBe(NOTE);
  });

  test('never loses one to another of its size', async () => {
    await writeFile(join(directory, NAME), NOTE.replace('cm9vdA==', 'b3RoZXI='));
    await expect(directoryTarget(directory).hand(CHECKPOINT, signal())).rejects.toThrow(
      /holds another checkpoint/,
    );
    expect(await readFile(join(directory, NAME), 'utf8')).toContain('b3RoZXI=');
    expect(await readdir(directory)).toEqual([NAME]);
  });

  test('what a crash left half written is no anchor, and is in nobody’s way', async () => {
    await writeFile(join(directory, `.${NAME}.new`), 'half');
    await directoryTarget(directory).hand(CHECKPOINT, signal());
    expect(await readdir(directory)).toEqual([NAME]);
  });

  test('that is not there, or a file, is not made', async () => {
    const missing = directoryTarget(join(directory, 'missing'));
    await expect(missing.hand(CHECKPOINT, signal())).rejects.toThrow(/ENOENT/);
    await writeFile(join(directory, 'file'), '');
    await expect(directoryTarget(join(directory, 'file')).hand(CHECKPOINT, signal())).rejects.toThrow(
      /ENOTDIR/,
    );
  });
});

describe('a command', () => {
  const node = process.execPath;

  function target(script: string, timeoutMs = 20_000): ReturnType<typeof commandTarget> {
    const command = [node, '-e', script] as const;
    return commandTarget({ command, timeoutMs, ledger: '/data/ledger', env: { MARK: 'here' } });
  }

  test('gets the note on its standard input and the rest in its environment', async () => {
    const out = join(directory, 'out.json');
    await target(`
      const { readFileSync, writeFileSync } = require('node:fs');
      const { SPANLEDGER_ANCHOR_SIZE: size, SPANLEDGER_ANCHOR_ORIGIN: origin, SPANLEDGER_ANCHOR_NAME: name,
        SPANLEDGER_ANCHOR_PATH: path, MARK: mark, HOME: home } = process.env;
      writeFileSync(${JSON.stringify(out)}, JSON.stringify({ note: readFileSync(0, 'utf8'), size, origin, name, path, mark, home }));
    `).hand(CHECKPOINT, signal());
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({
      note: NOTE,
      size: '42',
      origin: 'example.com/log',
      name: NAME,
      path: '/data/ledger',
      mark: 'here',
    });
  });

  test('need not read what it gets', async () => {
    const long = { ...CHECKPOINT, note: NOTE.repeat(20_000) };
    await target('process.stdin.destroy()').hand(long, signal());
  });

  test('is seen by no shell', async () => {
    const out = join(directory, 'touched');
    const command = [
      node,
      '-e',
      'process.exit(process.argv[1] === undefined ? 1 : 0)',
      `; touch ${out}`,
    ] as const;
    await commandTarget({ command, timeoutMs: 20_000, ledger: '', env: {} }).hand(CHECKPOINT, signal());
    expect(await readdir(directory)).toEqual([]);
  });

  test('that fails is quoted, up to a bound', async () => {
    const failed = target(`process.stderr.write('no such remote'); process.exitCode = 3`);
    await expect(failed.hand(CHECKPOINT, signal())).rejects.toThrow(/ended with 3: no such remote/);
    const noisy = target(`process.stdout.write('x'.repeat(1_000_000), () => process.exit(1))`);
    const error = await noisy.hand(CHECKPOINT, signal()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error).length).toBeLessThan(MAX_OUTPUT_BYTES + 500);
  });

  test('that is not there is named', async () => {
    const command = [join(directory, 'missing')] as const;
    const missing = commandTarget({ command, timeoutMs: 1_000, ledger: '', env: {} });
    await expect(missing.hand(CHECKPOINT, signal())).rejects.toThrow(/missing cannot be started: .*ENOENT/);
  });

  test('that hangs is stopped, with all that it has started', async () => {
    const pidFile = join(directory, 'pid');
    const hanging = target(
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
       require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
       setInterval(() => {}, 1e6)`,
      1_500,
    );
    await expect(hanging.hand(CHECKPOINT, signal())).rejects.toThrow(/did not end within 1500 ms/);
    const pid = Number(await readFile(pidFile, 'utf8'));
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  test('that will not end is killed', async () => {
    const stubborn = target(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)`, 1_000);
    await expect(stubborn.hand(CHECKPOINT, signal())).rejects.toThrow(/did not end within/);
  });

  test('ends with the service', async () => {
    const stop = new AbortController();
    const handing = target('setInterval(() => {}, 1e6)').hand(CHECKPOINT, stop.signal);
    stop.abort();
    await expect(handing).rejects.toThrow(/stopped with the service/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a directory that an anchor is written to can be one of many', async () => {
  await mkdir(join(directory, 'a'));
  await mkdir(join(directory, 'b'));
  await Promise.all(
    ['a', 'b'].map((name) => directoryTarget(join(directory, name)).hand(CHECKPOINT, signal())),
  );
  expect(await readdir(directory, { recursive: true })).toHaveLength(4);
});
