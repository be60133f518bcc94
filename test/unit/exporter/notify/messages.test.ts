import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertmanagerAlert } from '../../../../packages/exporter/src/notify/alertmanager.ts';
import { mayBeAlert, readAlertFacts } from '../../../../packages/exporter/src/notify/alert.ts';
import { emailMessage } from '../../../../packages/exporter/src/notify/email.ts';
import { slackMessage } from '../../../../packages/exporter/src/notify/slack.ts';
import { frameMessage, syslogMessage } from '../../../../packages/exporter/src/notify/syslog-message.ts';
import type { WebhookTarget } from '../../../../packages/exporter/src/notify/target-config.ts';
import { webhookTarget } from '../../../../packages/exporter/src/notify/webhook.ts';
import { HttpReceiver } from '../../../support/receivers/http.ts';
import { alert, alertDocument } from './alerts.ts';

const RESOLVED = { ...alertDocument(), event: { action: 'alert.resolved', kind: 'alert' } };
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NEXT_SECRET = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;

describe('what an alert is', () => {
  it('finds alerts in entries without parsing them', () => {
    expect(mayBeAlert(Buffer.from(JSON.stringify(alertDocument())))).toBe(true);
    expect(mayBeAlert(Buffer.from('{"event":{"kind":"event"}}'))).toBe(false);
  });

  it.each([
    ['another kind', { event: { action: 'alert.raised', kind: 'event' } }],
    ['an action that is none', { event: { action: 'alert.forgotten', kind: 'alert' } }],
    ['a severity that is none', { audit: { alert: { severity: 'grave' } } }],
    ['no rule', { rule: {} }],
  ])('takes %s for none', (_what, more) => {
    expect(readAlertFacts(alertDocument(more))).toBeUndefined();
  });
});

describe('a webhook', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await HttpReceiver.start();
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  function target(value: string): WebhookTarget {
    return {
      kind: 'webhook',
      name: 'soc',
      minSeverity: 'low',
      rules: undefined,
      actions: ['raised'],
      include: [],
      timeoutMs: 1_000,
      giveUpMs: 1_000,
      secret: { value, files: [] },
      caFile: undefined,
      insecure: false,
      url: receiver.url,
    };
  }

  it('is signed under each secret, as Standard Webhooks checks it', async () => {
    const both = target(`${SECRET} ${NEXT_SECRET}`);
    await webhookTarget(both).send(alert(), AbortSignal.timeout(1_000));
    const [post] = receiver.posts;
    const headers = {
      'webhook-id': String(post?.headers['webhook-id']),
      'webhook-timestamp': String(post?.headers['webhook-timestamp']),
      'webhook-signature': String(post?.headers['webhook-signature']),
    };
    expect(headers['webhook-id']).toBe('record-1');
    for (const secret of [SECRET, NEXT_SECRET]) {
      expect(new Webhook(secret).verify(post?.body ?? '', headers)).toEqual({
        type: 'alert.raised',
        timestamp: '2026-11-22T10:00:05.000000000Z',
        data: alertDocument(),
      });
    }
    const stranger = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
    expect(() => new Webhook(stranger).verify(post?.body ?? '', headers)).toThrow('signature');
    expect(() => new Webhook(SECRET).verify(`${post?.body} `, headers)).toThrow('signature');
  });

  it('is not sent under a secret that is none', async () => {
    const outcome = await webhookTarget(target('secret')).send(alert(), AbortSignal.timeout(1_000));
    expect(outcome).toEqual({
      kind: 'failed',
      reason: 'the secret is not whsec_ and base64 of 24 to 64 bytes',
    });
    expect(receiver.posts).toHaveLength(0);
  });
});

describe('syslog', () => {
  it('is RFC 5424, escaped, cut and counted in octets', () => {
    const message = syslogMessage(alert(), 'host.example', 7).toString();
    expect(message).toBe(
      '<107>1 2026-11-22T10:00:05.000000Z host.example spanledger 7 alert.raised ' +
        '[spanledger@32473 recordId="record-1" alertId="alert-1" rule="failed-logins-per-user" severity="high" ' +
        'action="raised" count="5" threat.technique.id="T1110" audit.actor.id="actor-ref" ' +
        'audit.session.id="session-ref" audit.ledger.origin="example.com/log" audit.ledger.index="41"] ' +
        '[high] Repeated failed logins of one user (5 records): five failed logins of <alice> "]\\ & co',
    );
  });

  it('escapes what would end a value, and keeps a line a line', () => {
    const hostile = alert({ service: { name: 'a"b]c\\d\ne\u202Ef' } });
    const message = syslogMessage(hostile, 'bad host\n', 7).toString();
    expect(message).toContain(' badhost spanledger ');
    expect(message).toContain('service.name="a\\"b\\]c\\\\d e f"');
    expect(message).not.toMatch(/\n/);
  });

  it('marks UTF-8, and frames by octets', () => {
    const message = syslogMessage(alert({ message: 'Zürich' }), 'h', 1);
    expect(message.toString()).toContain('] \uFEFF[high]');
    const framed = frameMessage(message).toString();
    expect(framed.startsWith(`${message.length} <107>1 `)).toBe(true);
    expect(message.length).toBeGreaterThan(message.toString().length);
  });

  it('is never longer than a receiver takes', () => {
    const long = syslogMessage(alert({ message: 'ü'.repeat(20_000) }), 'h', 1);
    expect(long.length).toBeLessThanOrEqual(8192);
    expect(long.toString()).not.toContain('\uFFFD');
  });
});

describe('Slack', () => {
  it('mentions nobody and links nowhere', () => {
    const message = JSON.stringify(slackMessage(alert({ message: '<!channel> <https://evil|ok> &' })));
    expect(message).toContain('&lt;!channel&gt; &lt;https://evil|ok&gt; &amp;');
    expect(message).not.toContain('<');
  });

  it('tells what it is about', () => {
    expect(slackMessage(alert())).toMatchObject({
      text: '[high] Repeated failed logins of one user (5 records)',
      attachments: [{ color: '#e8590c', text: 'Five failed logins in a minute.', ts: 1795341605 }],
    });
    expect(slackMessage(alert(RESOLVED))).toMatchObject({
      text: '[high] resolved Repeated failed logins of one user (5 records)',
    });
  });
});

describe('Alertmanager', () => {
  const untilMs = Date.parse('2026-11-23T00:00:00Z');

  it('knows an alert by the same labels from raised to resolved', () => {
    const raised = alertmanagerAlert(alert(), untilMs);
    const resolved = alertmanagerAlert(alert(RESOLVED), untilMs);
    const labels = {
      alertname: 'failed-logins-per-user',
      alert_id: 'alert-1',
      severity: 'high',
      source: 'spanledger',
    };
    expect(raised).toMatchObject({
      labels,
      startsAt: '2026-11-22T10:00:00.000Z',
      endsAt: '2026-11-23T00:00:00.000Z',
    });
    expect(resolved).toMatchObject({ labels, endsAt: '2026-11-22T10:00:05.000Z' });
  });

  it('never ends before it began', () => {
    const past = alertmanagerAlert(alert(), 0);
    expect(past).toMatchObject({ startsAt: '2026-11-22T10:00:00.000Z', endsAt: '2026-11-22T10:00:00.000Z' });
  });
});

describe('mail', () => {
  const places = { from: 'spanledger@example.com', to: ['soc@example.com'] };

  it('has the same id whenever it is sent, and one thread an alert', () => {
    const raised = emailMessage(alert(), places);
    const other = emailMessage(
      alert({ audit: { alert: { id: 'alert-1', severity: 'high' }, record: { id: 'record-2' } } }),
      places,
    );
    expect(emailMessage(alert(), places)).toEqual(raised);
    expect(other.messageId).not.toBe(raised.messageId);
    expect(other.references).toBe(raised.references);
  });

  it('has no line break in a header', () => {
    const { subject } = emailMessage(alert({ rule: { id: 'r', name: 'a\r\nBcc: eve@example.com' } }), places);
    expect(subject).toBe('Spanledger [high] a Bcc: eve@example.com (5 records)');
  });
});
