import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../support/cli/process.ts';
import { makeTrail, type TestTrail } from '../../support/cli/trail.ts';

let trail: TestTrail;
beforeAll(async () => {
  trail = await makeTrail();
});
afterAll(() => trail.remove());

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each(['--url', '--data'])('with %s', (option) => {
  const run = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand([...args, option, option === '--url' ? trail.service.url : trail.directory]);
  const sessionOfAlice = async (): Promise<string> => {
    const { stdout } = await run('sessions', 'user.id:alice', '--json');
    return /"id":"([^"]+)"/.exec(stdout)?.[1] ?? '';
  };

  it('search prints one line a record, newest first', async () => {
    const { status, stdout, stderr } = await run('search');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [title, ...records] = stdout.trimEnd().split('\n');
    expect(title).toMatch(/^TIME +ACTOR +ACTION +OUTCOME +STATUS +TOOK +WHAT +SESSION +ENTRY$/);
    expect(records).toHaveLength(4);
    expect(records[0]).toMatch(/bob +READ +success +200 .* GET \/orders\/:id .* 3$/);
    expect(stdout).toMatch(/alice +READ +failure +403/);
  });

  it('search finds what a query names, as JSON one a line', async () => {
    const { status, stdout } = await run('search', 'user.id:alice and event.outcome:failure', '--json');
    expect(status).toBe(0);
    expect(lines(stdout)).toEqual([
      expect.objectContaining({ user: expect.objectContaining({ id: 'alice' }), http: expect.anything() }),
    ]);
  });

  it('search says when there is more, and when there is nothing', async () => {
    const some = await run('search', '--limit', '2', '--order', 'asc');
    expect(some.stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(some.stderr).toContain('There are more');
    const none = await run('search', 'user.id:nobody');
    expect(none).toEqual({ status: 0, stdout: '', stderr: 'No record matches.\n' });
    const nothing = await run('search', '--until', '2020-01-01', '--json');
    expect(nothing).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('search counts', async () => {
    const all = await run('search', '--count');
    expect(all).toEqual({ status: 0, stdout: '4\n', stderr: '' });
    const some = await run('search', '--count', 'user.id:alice', '--json');
    expect(lines(some.stdout)).toEqual([{ count: 3, exact: true }]);
    const days = await run('search', '--histogram', 'day', 'user.id:alice');
    expect(days).toMatchObject({ status: 0, stderr: '' });
    expect(days.stdout).toMatch(/^FROM +RECORDS\n\d{4}-\d\d-\d\d +3 +█{50}\n$/);
    const years = await run('search', '--histogram', 'year', '--json');
    expect(lines(years.stdout)).toEqual([
      expect.objectContaining({ interval: 'year', count: 4, exact: true }),
    ]);
    const none = await run('search', '--histogram', 'day', 'user.id:nobody');
    expect(none).toEqual({ status: 0, stdout: '', stderr: 'No record matches.\n' });
    expect((await run('search', '--count', '--limit', '3')).status).toBe(2);
  });

  it.each(['search', 'sessions'])('%s says that there is more beside JSON too', async (command) => {
    const some = await run(command, '--limit', '1', '--json');
    expect(lines(some.stdout)).toHaveLength(1);
    expect(some.stderr).toMatch(/^There are more; these are the first 1\. --limit asks for more at once/);
    expect((await run(command, '--limit', '1')).stderr).toBe(some.stderr);
    expect((await run(command, '--json')).stderr).toBe('');
  });

  it('sessions and session show who, and the way from login on', async () => {
    const { status, stdout } = await run('sessions');
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
    const timeline = await run('session', await sessionOfAlice());
    expect(timeline.status).toBe(0);
    expect(timeline.stdout).toMatch(/Who: +alice/);
    expect(timeline.stdout).toMatch(/LOGIN +oidc\.session\.started/);
    expect(timeline.stdout).toMatch(
      /READ +GET +\/orders\/:id +failure +403 +100\.0 ms +openid orders:read +shop/,
    );
  });

  it('session takes the session id of the provider too, and prints JSON', async () => {
    const { stdout } = await run('session', 'sid-alice', '--json');
    const [detail] = lines(stdout);
    expect(detail).toMatchObject({ user_id: 'alice', client_id: ['shop-web'], records: 3 });
    expect(detail).toHaveProperty('timeline.length', 3);
  });

  it('show prints a record that verify accepts', async () => {
    const { status, stdout } = await run('show', '2');
    expect(status).toBe(0);
    const file = join(trail.directory, 'shown.json');
    await writeFile(file, stdout);
    const verified = await run('verify', file);
    expect(verified.stdout).toMatch(/^VERIFIED {2}record /);
    expect(verified.status).toBe(0);
    const id = /"record": \{\s*"id": "([^"]+)"/.exec(stdout)?.[1] ?? '';
    expect((await run('show', id)).stdout).toBe(stdout);
  });

  it('proof and key verify a record without asking anybody', async () => {
    const files = { record: '', proof: '', vkey: '' };
    for (const [name, text] of Object.entries({
      record: (await run('show', '1')).stdout,
      proof: (await run('proof', '1')).stdout,
      vkey: trail.service.vkey,
    })) {
      const path = join(trail.directory, `kept.${name}`);
      await writeFile(path, text);
      Object.assign(files, { [name]: path });
    }
    const args = ['verify', files.record, '--proof', files.proof, '--vkey', files.vkey];
    const { status, stdout } = await runCommand(args);
    expect(stdout).not.toContain('came from the log itself');
    expect(status).toBe(0);
    const json = await run('proof', '1', '--json');
    expect(lines(json.stdout)).toEqual([
      { id: '1', proof: expect.stringMatching(/^c2sp\.org\/tlog-proof@v1\n/) },
    ]);
  });

  it('a record of which only a part is disclosed verifies, and no more than that part', async () => {
    const files = { record: '', proof: '', forged: '' };
    const { stdout: record } = await run('show', '2', '--disclose', 'content');
    expect(record).toContain('/orders/7');
    expect(record).not.toContain('alice');
    for (const [name, text] of Object.entries({
      record,
      proof: (await run('proof', '2')).stdout,
      forged: JSON.stringify({ ...JSON.parse(record), user: { id: 'bob' } }),
    })) {
      const path = join(trail.directory, `disclosed.${name}`);
      await writeFile(path, text);
      Object.assign(files, { [name]: path });
    }
    const verify = (file: string): ReturnType<typeof runCommand> =>
      runCommand(['verify', file, '--proof', files.proof, '--vkey', trail.service.vkey, '--json']);
    const whole = await verify(files.record);
    expect(whole.status).toBe(0);
    expect(lines(whole.stdout)).toEqual([
      expect.objectContaining({ opened: ['content'], closed: ['identity'] }),
    ]);
    expect((await verify(files.forged)).status).toBe(1);
    expect((await run('show', '2', '--disclose', 'content,names')).status).toBe(2);
  });

  it('search discloses what it is told to', async () => {
    const { stdout } = await run('search', 'user.id:alice', '--json', '--disclose', 'none');
    expect(lines(stdout)).toHaveLength(3);
    expect(stdout).not.toContain('alice');
    expect(stdout).not.toContain('"openings"');
  });

  it('verify reports on the whole ledger', async () => {
    const { status, stdout, stderr } = await run('verify');
    expect(stdout).toMatch(/^VERIFIED {2}spanledger\.local/);
    expect(stdout).toContain('came from the log itself');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const json = await run('verify', '--json', '--vkey', trail.service.vkey);
    expect(lines(json.stdout)).toEqual([
      expect.objectContaining({ ok: true, verified: 4, failures: [], vkeySource: 'given' }),
    ]);
  });

  it('verify fails with another key', async () => {
    const other = 'log.example+4906e0d7+AWvw6fFJ01kQ9yf+o2o+hhkA2v5QGOWN6XJykBSphV0j';
    const { status, stdout } = await run('verify', '--vkey', other);
    expect(stdout).toMatch(/^FAILED/);
    expect(status).toBe(1);
  });

  it('tail prints the newest records, the newest last', async () => {
    const { status, stdout } = await run('tail', '-n', '2', '--json');
    expect(status).toBe(0);
    expect(lines(stdout)).toEqual([
      expect.objectContaining({
        audit: expect.objectContaining({ ledger: expect.objectContaining({ index: 2 }) }),
      }),
      expect.objectContaining({
        audit: expect.objectContaining({ ledger: expect.objectContaining({ index: 3 }) }),
      }),
    ]);
  });

  it('keys prints the verification key and no secret', async () => {
    const { status, stdout } = await run('keys', '--json');
    expect(status).toBe(0);
    expect(lines(stdout)).toEqual([expect.objectContaining({ vkey: trail.service.vkey })]);
    expect((await run('keys')).stdout).toContain(trail.service.vkey);
  });

  it('privacy report lists what is stored of people, and nothing of whom', async () => {
    const { status, stdout } = await run('privacy', 'report', '--json');
    expect(status).toBe(0);
    const [report] = lines(stdout);
    expect(report).toMatchObject({ records: 4, people: 2, erasures: 0, readers: [] });
    expect(report).toHaveProperty(
      'fields',
      expect.arrayContaining([
        expect.objectContaining({ field: 'user.id', group: 'identity', records: 4, services: ['shop'] }),
        expect.objectContaining({ field: 'url.path', group: 'content' }),
      ]),
    );
    const page = await run('privacy', 'report', '--html');
    expect(page.stdout).toMatch(/^<!doctype html>/);
    for (const text of [stdout, page.stdout]) expect(text).not.toMatch(/alice|bob/);
    expect((await run('privacy', 'report')).stdout).toMatch(/user\.id +identity +4 +shop/);
  });

  it('doctor finds nothing bad', async () => {
    const { status, stdout } = await run('doctor', '--json');
    expect(lines(stdout).length).toBeGreaterThan(4);
    expect(stdout).not.toContain('"verdict":"bad"');
    expect(status).toBe(0);
  });

  it.each(['show', 'proof', 'session'])('%s of what is not there ends with 1', async (command) => {
    const { status, stdout, stderr } = await run(command, 'nothing-of-this-name', '--json');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(JSON.parse(stderr)).toHaveProperty('error.code', 'not_found');
  });
});
