import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, startCommand } from '../../support/cli/process.ts';
import { makeTrail, type TestTrail } from '../../support/cli/trail.ts';
import { waitFor } from '../../support/exporter/service.ts';

describe('serve', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spanledger-serve-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('works with nothing configured but where, and ends cleanly at Ctrl-C', async () => {
    const service = startCommand(['serve', '--data', directory, '--port', '0']);
    const [, url = ''] = await service.printed(/listening at (http:\/\/127\.0\.0\.1:\d+)/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await service.printed(/verification key {2}spanledger\.local/);
    expect(service.output.stderr).toContain('not secure yet');
    service.signal('SIGINT');
    expect(await service.ended()).toEqual({ status: 0, signal: null });
  });

  it('says where it is as JSON; a second one on the same data is turned away', async () => {
    const service = startCommand(['serve', '--data', directory, '--port', '0', '--json']);
    const [line = ''] = await service.printed(/^.*\n/);
    expect(JSON.parse(line)).toEqual({
      url: expect.stringMatching(/^http:/),
      origin: expect.stringMatching(/^spanledger\.local\//),
      vkey: expect.any(String),
      data: directory,
    });
    const second = await runCommand(['serve', '--data', directory, '--port', '0', '--json']);
    expect(second.status).toBe(3);
    expect(second.stderr).toContain('data_directory_locked');
    service.signal('SIGTERM');
    expect(await service.ended()).toEqual({ status: 0, signal: null });
  });

  it('does not open itself to the network unasked', async () => {
    const { status, stderr } = await runCommand([
      'serve',
      '--data',
      directory,
      '--port',
      '0',
      '--host',
      '0.0.0.0',
    ]);
    expect(stderr).toContain('--insecure');
    expect(status).toBe(2);
  });
});

describe('with a trail', () => {
  let trail: TestTrail;
  beforeAll(async () => {
    trail = await makeTrail();
  });
  afterAll(() => trail.remove());

  it('tail -f prints what comes, once, and ends cleanly at Ctrl-C', async () => {
    const tail = startCommand(['tail', '-f', '-n', '1', 'user.id:(bob or dave)', '--url', trail.service.url]);
    await tail.printed(/bob/);
    await trail.visit('erin');
    await trail.visit('dave', 404);
    await tail.printed(/dave .*404/);
    await trail.visit('dave', 200);
    await tail.printed(/dave .*200/);
    tail.signal('SIGINT');
    expect(await tail.ended()).toEqual({ status: 0, signal: null });
    const lines = tail.output.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^TIME/);
  });

  it('a reader that goes away ends a search quietly', async () => {
    for (let i = 0; i < 40; i++) await trail.visit('frank');
    await trail.settled();
    const search = startCommand(['tail', '-f', '--json', '-n', '1', '--url', trail.service.url]);
    await search.printed(/"frank"/);
    search.hangUp();
    const ended = search.ended();
    let over = false;
    void ended.then(() => (over = true));
    await waitFor('the end', async () => {
      await trail.visit('frank');
      return over;
    });
    expect(await ended).toEqual({ status: 0, signal: null });
    expect(search.output.stderr).toBe('');
  });

  it('SPANLEDGER_URL says where to look', async () => {
    const { status, stdout } = await runCommand(['keys'], { SPANLEDGER_URL: trail.service.url });
    expect(stdout).toContain(trail.service.vkey);
    expect(status).toBe(0);
  });
});
