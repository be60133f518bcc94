import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type TargetTrial, tryTarget } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { HttpReceiver } from '../../support/receivers/http.ts';
import { MailReceiver } from '../../support/receivers/mail.ts';
import { SyslogReceiver } from '../../support/receivers/syslog.ts';
import { type CertificateFiles, issueCertificate, makeAuthority } from '../../support/tls/certificates.ts';

const PASSWORD = 'open-sesame-4711';

let directory = '';
let authority: CertificateFiles;
let stranger: CertificateFiles;
let server: CertificateFiles;
let client: CertificateFiles;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-notify-'));
  authority = await makeAuthority(directory);
  stranger = await makeAuthority(directory, 'stranger');
  server = await issueCertificate(directory, authority, 'server');
  client = await issueCertificate(directory, authority, 'client');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Tries the one target of a configuration file. */
async function tryOne(target: object, env: NodeJS.ProcessEnv = {}): Promise<TargetTrial> {
  const file = join(directory, 'spanledger.yaml');
  await writeFile(
    file,
    stringify({ alerts: { deliver: [{ name: 'here', timeout_seconds: 2, ...target }] } }),
  );
  const [config] = loadConfig({ directory, file, env }).deliver;
  if (config === undefined) throw new Error('no target');
  return tryTarget(config, Date.now, new AbortController().signal);
}

describe('syslog over TLS', () => {
  test('is read to its end by a receiver that demands a certificate', async () => {
    await using receiver = await SyslogReceiver.start(server, authority);
    const { certFile: cert_file, keyFile: key_file } = client;
    const target = { kind: 'syslog', host: '127.0.0.1', port: receiver.port, ca_file: authority.certFile };
    expect(await tryOne({ ...target, cert_file, key_file })).toMatchObject({ outcome: 'delivered' });
    expect(receiver.messages).toHaveLength(1);
    expect(receiver.messages[0]).toMatch(
      /^<109>1 \S+Z \S+ spanledger \d+ alert\.raised \[spanledger@32473 recordId="test-/,
    );
    expect(receiver.faults).toBe(0);
    // The same without one.
    expect(await tryOne(target)).toMatchObject({ outcome: 'failed' });
    expect(receiver.messages).toHaveLength(1);
  });

  test('goes to nobody whose certificate is not believed', async () => {
    await using receiver = await SyslogReceiver.start(server);
    const target = { kind: 'syslog', host: '127.0.0.1', port: receiver.port, ca_file: stranger.certFile };
    const trial = await tryOne(target);
    expect(trial.outcome).toBe('failed');
    expect(trial.reason).toMatch(/CERT|SIGNATURE|VERIFY/);
    expect(receiver.messages).toHaveLength(0);
  });

  test('is not delivered where the receiver did not read it', async () => {
    await using receiver = await SyslogReceiver.start(server);
    receiver.habit = 'cut';
    const target = { kind: 'syslog', host: '127.0.0.1', port: receiver.port, ca_file: authority.certFile };
    expect(await tryOne(target)).toMatchObject({ outcome: 'failed' });
  });

  test('tells that nobody listens', async () => {
    const receiver = await SyslogReceiver.start(server);
    const { port } = receiver;
    await receiver[Symbol.asyncDispose]();
    expect(await tryOne({ kind: 'syslog', host: '127.0.0.1', port })).toMatchObject({
      outcome: 'failed',
      reason: 'ECONNREFUSED',
    });
  });
});

describe('mail', () => {
  const places = { kind: 'email', host: '127.0.0.1', from: 'audit@example.com', to: ['soc@example.com'] };

  test.each([
    ['starttls', false],
    ['implicit', true],
  ] as const)('goes by %s, with a password from a file', async (tls, implicit) => {
    const account = { user: 'audit', password: PASSWORD };
    await using receiver = await MailReceiver.start({ files: server, implicit, account });
    const secret = join(directory, 'smtp.password');
    await writeFile(secret, `${PASSWORD}\n`);
    const trial = await tryOne({
      ...places,
      port: receiver.port,
      tls,
      user: 'audit',
      secret_files: [secret],
      ca_file: authority.certFile,
    });
    expect(trial).toMatchObject({ outcome: 'delivered' });
    const [mail] = receiver.mails;
    expect(mail).toMatchObject({
      from: 'audit@example.com',
      to: ['soc@example.com'],
      isEncrypted: true,
      user: 'audit',
    });
    expect(mail?.text).toMatch(/^Subject: Spanledger \[low\] Test of delivery/m);
    expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated/im);
    expect(mail?.text).toMatch(/^Message-ID: <[0-9a-f]{32}@alerts\.spanledger\.invalid>/im);
  });

  test('tries again where the password is wrong, and tells nobody what it was', async () => {
    await using receiver = await MailReceiver.start({
      files: server,
      account: { user: 'audit', password: 'another' },
    });
    const trial = await tryOne(
      { ...places, port: receiver.port, user: 'audit', ca_file: authority.certFile },
      { SPANLEDGER_ALERTS_HERE_SECRET: PASSWORD },
    );
    expect(trial).toMatchObject({ outcome: 'failed', reason: 'smtp 535 (EAUTH)' });
    expect(JSON.stringify(trial)).not.toContain(PASSWORD);
    expect(receiver.mails).toHaveLength(0);
  });

  test('does not go without TLS where it is to go with it', async () => {
    await using receiver = await MailReceiver.start({ files: server, plain: true });
    const trial = await tryOne({ ...places, port: receiver.port, ca_file: authority.certFile });
    expect(trial).toMatchObject({ outcome: 'failed' });
    expect(receiver.mails).toHaveLength(0);
    // Said by name, on this machine, it does.
    expect(await tryOne({ ...places, port: receiver.port, tls: 'none' })).toMatchObject({
      outcome: 'delivered',
    });
  });

  test.each([
    ['nobody@example.com', 'refused', 'smtp 550 (EENVELOPE)'],
    ['later@example.com', 'failed', 'smtp 451 (EENVELOPE)'],
  ])('to %s is %s', async (to, outcome, reason) => {
    await using receiver = await MailReceiver.start({ files: server });
    const trial = await tryOne({ ...places, port: receiver.port, to: [to], ca_file: authority.certFile });
    expect(trial).toMatchObject({ outcome, reason });
    expect(trial.reason).not.toContain('@');
  });
});

describe('HTTP', () => {
  test('Alertmanager gets its token and a list of alerts', async () => {
    await using receiver = await HttpReceiver.start();
    const url = `http://127.0.0.1:${receiver.port}/am`;
    const trial = await tryOne({ kind: 'alertmanager', url }, { SPANLEDGER_ALERTS_HERE_SECRET: 'bearer-1' });
    expect(trial).toMatchObject({ outcome: 'delivered' });
    const [post] = receiver.posts;
    expect(post?.path).toBe('/am/api/v2/alerts');
    expect(post?.headers.authorization).toBe('Bearer bearer-1');
    expect(JSON.parse(post?.body ?? '')).toMatchObject([
      { labels: { alertname: 'test', source: 'spanledger', severity: 'low' } },
    ]);
  });

  test('Slack has its URL from the secret, which a failure does not name', async () => {
    await using receiver = await HttpReceiver.start();
    receiver.next.push({ status: 404, body: 'no_service' });
    const url = `http://127.0.0.1:${receiver.port}/services/T0/B0/very-secret`;
    const env = { SPANLEDGER_ALERTS_HERE_SECRET: url };
    const refused = await tryOne({ kind: 'slack' }, env);
    expect(refused).toMatchObject({ outcome: 'refused', reason: 'http 404' });
    expect(await tryOne({ kind: 'slack' }, env)).toMatchObject({ outcome: 'delivered' });
    expect(receiver.posts[1]?.path).toBe('/services/T0/B0/very-secret');
    const elsewhere = { SPANLEDGER_ALERTS_HERE_SECRET: 'http://chat.example.com/very-secret' };
    const unsafe = await tryOne({ kind: 'slack' }, elsewhere);
    expect(unsafe).toMatchObject({ outcome: 'failed' });
    expect(JSON.stringify(unsafe)).not.toContain('very-secret');
  });

  test('an answer without end is not waited for', async () => {
    await using receiver = await HttpReceiver.start();
    receiver.answer = { status: 200, body: 'x'.repeat(10_000_000) };
    const url = `http://127.0.0.1:${receiver.port}/`;
    expect(await tryOne({ kind: 'alertmanager', url })).toMatchObject({ outcome: 'delivered' });
    receiver.answer = 'hang';
    expect(await tryOne({ kind: 'alertmanager', url, timeout_seconds: 0.2 })).toMatchObject({
      outcome: 'failed',
      reason: 'no answer within 0.2 s',
    });
  });

  test('a secret that cannot be read is named by its file', async () => {
    const trial = await tryOne({ kind: 'slack', secret_files: ['not-there'] });
    expect(trial).toMatchObject({ outcome: 'failed' });
    expect(trial.reason).toContain(join(directory, 'not-there'));
    expect(await readFile(join(directory, 'spanledger.yaml'), 'utf8')).toContain('not-there');
  });
});
