import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../support/cli/process.ts';
import { CLI } from '../support/run-cli.ts';
import { makeTrail, type TestTrail } from '../../support/cli/trail.ts';

/** Runs the command as somebody to whom nothing here belongs. */
const NOBODY = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const;
const runAsStranger = (args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [CLI, ...args], { ...NOBODY, cwd: tmpdir() });
const CAN_BE_STRANGER = process.getuid?.() === 0 && runAsStranger(['--version']).status === 0;

let trail: TestTrail;
let scratch: string;
beforeAll(async () => {
  trail = await makeTrail();
  scratch = await mkdtemp(join(tmpdir(), 'spanledger-cli-'));
});
afterAll(async () => {
  await trail.remove();
  await rm(scratch, { recursive: true, force: true });
});

/** What somebody has who was given the public files alone. */
async function copyPublicFiles(name: string): Promise<string> {
  const copy = join(scratch, name);
  await cp(join(trail.directory, 'ledger'), join(copy, 'ledger'), { recursive: true });
  await cp(join(trail.directory, 'ledger.vkey'), join(copy, 'ledger.vkey'));
  return copy;
}

/**
 * Copies a directory whose databases this process has open, by another process. Whoever closes such a file takes the locks of its
 * own process off it (fcntl(2)); the next process then takes the database for one that nobody has open, and cuts off what
 * is mapped here.
 */
function copyBeside(from: string, to: string): void {
  execFileSync('cp', ['-r', from, to]);
}

describe('a ledger that was changed', () => {
  it('ends with 1 and names the place', async () => {
    const copy = await copyPublicFiles('changed');
    const bundle = join(copy, 'ledger/tile/entries/000.p/4');
    const bytes = await readFile(bundle);
    bytes.write('mallory', bytes.indexOf('shop-web'));
    await writeFile(bundle, bytes);
    const { status, stdout } = await runCommand(['verify', '--data', copy]);
    expect(stdout).toMatch(/^FAILED/);
    expect(stdout).toMatch(/entry 0\b.*tile\/entries\/000\.p\/4/);
    expect(status).toBe(1);
    const json = await runCommand(['verify', '--data', copy, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      failures: expect.arrayContaining([expect.objectContaining({ code: 'entry_altered' })]),
    });
    expect(json.status).toBe(1);
  });

  it('that was cut back is found by a checkpoint that was kept', async () => {
    const before = await copyPublicFiles('before');
    await trail.visit('carol');
    await trail.settled();
    const kept = join(scratch, 'kept-checkpoint');
    await cp(join(trail.directory, 'ledger/checkpoint'), kept);
    expect((await runCommand(['verify', '--data', before])).status).toBe(0);
    const { status, stdout } = await runCommand(['verify', '--data', before, '--known', kept]);
    expect(stdout).toContain('known_checkpoint_ahead');
    expect(status).toBe(1);
  });
});

describe('records that were changed', () => {
  it('are told from those that were not, with the public files alone', async () => {
    const copy = await copyPublicFiles('public');
    const { stdout } = await runCommand(['search', 'user.id:alice', '--data', trail.directory, '--json']);
    const file = join(scratch, 'records.ndjson');
    await writeFile(file, stdout);
    const good = await runCommand(['verify', file, '--data', copy]);
    expect(good.stdout).toContain('3 of 3 records verified');
    expect(good.status).toBe(0);
    await writeFile(file, stdout.replace('"id":"alice"', '"id":"mallory"'));
    const changed = await runCommand(['verify', file, '--data', copy]);
    expect(changed.stdout).toContain('2 of 3 records verified');
    expect(changed.stdout).toContain('commitment_mismatch');
    expect(changed.status).toBe(1);
  });

  it('that name a place which the log does not have end with 1', async () => {
    const { stdout } = await runCommand(['show', '0', '--data', trail.directory]);
    const file = join(scratch, 'elsewhere.json');
    await writeFile(file, stdout.replace('"index": 0', '"index": 4000'));
    const { status, stdout: report } = await runCommand([
      'verify',
      file,
      '--data',
      trail.directory,
      '--json',
    ]);
    expect(JSON.parse(report)).toMatchObject({ ok: false, failures: [{ code: 'inclusion_unproven' }] });
    expect(status).toBe(1);
  });
});

describe('what cannot be reached ends with 3', () => {
  it('a service that is not there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => server.close(resolve));
    for (const command of [['search'], ['verify'], ['keys'], ['tail'], ['show', '1']]) {
      const { status, stdout, stderr } = await runCommand([
        ...command,
        '--url',
        `http://127.0.0.1:${port}`,
        '--json',
      ]);
      expect({ command, status, stdout }).toEqual({ command, status: 3, stdout: '' });
      expect(JSON.parse(stderr)).toHaveProperty('error.code', 'archive_unreachable');
      expect(JSON.parse(stderr)).toHaveProperty('error.hint');
    }
  });

  it('a service that goes away while the ledger is verified with a key at hand', async () => {
    const args = ['verify', '--url', 'http://127.0.0.1:1', '--vkey', trail.service.vkey];
    const { status, stderr } = await runCommand(args);
    expect(stderr).toContain('does not answer');
    expect(status).toBe(3);
  });

  it('a data directory that is not there', async () => {
    for (const command of [['search'], ['verify'], ['keys'], ['sessions']]) {
      const { status, stderr } = await runCommand([...command, '--data', join(scratch, 'nowhere')]);
      expect(stderr).toMatch(/spanledger: there is no directory .*nowhere/);
      expect(stderr).not.toContain('spanledger serve');
      expect({ command, status }).toEqual({ command, status: 3 });
    }
  });

  it('a folder that is none, a file, and a part that is missing are told apart', async () => {
    const none = await runCommand(['search', '--data', tmpdir()]);
    expect(none).toMatchObject({ status: 3, stderr: expect.stringContaining('there is no ledger in') });
    const file = await runCommand(['verify', '--data', join(trail.directory, 'ledger.vkey')]);
    expect(file).toMatchObject({ status: 3, stderr: expect.stringContaining('is a file, no directory') });
    const copy = await copyPublicFiles('without-index');
    const part = await runCommand(['search', '--data', copy]);
    expect(part).toMatchObject({ status: 3, stderr: expect.stringMatching(/no readable .*vault\.db/) });
  });

  it.runIf(CAN_BE_STRANGER)('a directory that belongs to somebody else', () => {
    for (const command of ['search', 'verify']) {
      const { status, stderr } = runAsStranger([command, '--data', trail.directory, '--json']);
      expect(JSON.parse(stderr)).toHaveProperty('error.code', 'data_directory_unusable');
      expect(stderr).toContain('Run it as the directory’s owner (uid 0)');
      expect({ command, status }).toEqual({ command, status: 3 });
    }
  });

  it('nothing at all, at the usual place', async () => {
    const env = { SPANLEDGER_PORT: '1', XDG_DATA_HOME: scratch };
    const { status, stderr } = await runCommand(['search'], env);
    expect(stderr).toMatch(/no service answers at .*, and there is no data directory at /);
    expect(stderr).toContain('spanledger serve');
    expect(status).toBe(3);
  });
});

describe('what is wrong with the question ends with 2', () => {
  it('a query, a configuration, an input', async () => {
    const query = await runCommand(['search', 'user.id:(alice', '--data', trail.directory]);
    expect(query.stderr).toContain('  user.id:(alice\n          ^\n');
    expect(query.status).toBe(2);
    const config = await runCommand(['serve'], { SPANLEDGER_PORT: 'many', SPANLEDGER_LOG_LEVEL: 'loud' });
    expect(config.stderr).toMatch(/SPANLEDGER_PORT[^]*SPANLEDGER_LOG_LEVEL/);
    expect(config.status).toBe(2);
    const file = join(scratch, 'no.json');
    await writeFile(file, 'not json');
    expect((await runCommand(['verify', file, '--data', trail.directory])).status).toBe(2);
  });
});

describe('doctor', () => {
  it('finds what is ahead of a ledger that is from an older backup', async () => {
    const restored = join(scratch, 'restored');
    const older = await copyPublicFiles('older');
    await trail.visit('dave');
    await trail.settled();
    copyBeside(trail.directory, restored);
    await rm(join(restored, 'ledger'), { recursive: true });
    await cp(join(older, 'ledger'), join(restored, 'ledger'), { recursive: true });
    const { status, stdout } = await runCommand(['doctor', '--data', restored]);
    expect(stdout).toMatch(/BAD {3}index: ahead of the ledger: it has taken in \d+ entries, the published/);
    expect(stdout).toMatch(/delete index\//);
    expect(stdout).toMatch(/BAD {3}sessions: ahead of the ledger/);
    expect(stdout).toMatch(/delete sessions\//);
    expect(status).toBe(1);
  });

  it('names what is bad and how to mend it, and ends with 1', async () => {
    const key = join(trail.directory, 'keys/ledger.key');
    await chmod(key, 0o644);
    const { status, stdout } = await runCommand(['doctor', '--data', trail.directory]);
    await chmod(key, 0o600);
    expect(stdout).toMatch(/BAD {3}keys: .*ledger\.key can be read by other users/);
    expect(stdout).toContain('→ chmod 600 ');
    expect(status).toBe(1);
  });

  it('finds an address bad that was given and does not answer', async () => {
    const local = await runCommand(['doctor', '--url', 'http://127.0.0.1:1']);
    expect(local.stdout).toMatch(
      /BAD {3}service: none answers at http:\/\/127\.0\.0\.1:1\n +→ .*spanledger serve/,
    );
    expect(local.stdout).not.toContain('data in');
    expect(local.status).toBe(1);
    const remote = await runCommand(['doctor'], { SPANLEDGER_URL: 'http://audit.invalid:4319' });
    expect(remote.stdout).toMatch(/BAD {3}service: none answers at .*\n +→ .*audit\.invalid can be reached/);
    expect(remote.stdout).not.toContain('spanledger serve\n');
    expect(remote.status).toBe(1);
  });

  it('does not call a directory without keys good', async () => {
    const empty = join(scratch, 'empty');
    await mkdir(empty, { mode: 0o700 });
    const { status, stdout } = await runCommand(['doctor', '--data', empty]);
    expect(stdout).toMatch(/look {2}keys: there is no key file/);
    expect(stdout).not.toContain('0 key files');
    expect(status).toBe(1);
  });

  it.runIf(CAN_BE_STRANGER)('sends a stranger to the owner of the directory', () => {
    const { status, stdout } = runAsStranger(['doctor', '--data', trail.directory, '--json']);
    expect(stdout).toMatch(/belongs to another user \(uid 0\)/);
    expect(stdout).toContain('Run it as the directory’s owner');
    expect(stdout).not.toContain('chown');
    expect(status).toBe(1);
  });

  it('says that a service may not have been started yet', async () => {
    const env = { SPANLEDGER_PORT: '1', XDG_DATA_HOME: scratch, XDG_STATE_HOME: scratch };
    const { status, stdout } = await runCommand(['doctor'], env);
    expect(stdout).toContain('→ Start it with: spanledger serve');
    expect(status).toBe(0);
  });

  it('finds a port that something else has', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { status, stdout } = await runCommand(['doctor'], {
      SPANLEDGER_PORT: String(port),
      XDG_DATA_HOME: scratch,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(stdout).toMatch(/BAD {3}port: \d+ is taken/);
    expect(status).toBe(1);
  });

  it('finds spans that wait, and what was refused', async () => {
    const env = {
      SPANLEDGER_PORT: '1',
      XDG_DATA_HOME: scratch,
      SPANLEDGER_SPOOL_DIR: join(scratch, 'spool'),
    };
    const producer = join(scratch, 'spool/producer');
    await cp(join(trail.directory, 'keys'), producer, { recursive: true });
    await cp(join(producer, 'ledger.key'), join(producer, '00000001.segment'));
    await cp(join(producer, 'ledger.key'), join(scratch, 'spool/rejected/1-http-400'));
    const { stdout } = await runCommand(['doctor'], env);
    expect(stdout).toMatch(/spool: \d+ bytes on the way/);
    expect(stdout).toMatch(/look {2}spool: 1 requests were refused/);
  });
});
