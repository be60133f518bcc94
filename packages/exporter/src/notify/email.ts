import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Alert } from './alert.ts';
import { alertHeadline, cut, oneLine } from './alert-text.ts';
import type { AlertTarget } from './alert-target.ts';
import { type Outcome, outcomeOfError } from './outcome.ts';
import { readSecrets } from './secret.ts';
import type { EmailTarget } from './target-config.ts';

const MAX_VALUE_LENGTH = 1_000;
const MAX_TEXT_LENGTH = 10_000;
const MESSAGE_ID_DIGITS = 32;

/** What of a failure is about this one message: the recipients were refused, or the message was. */
const ABOUT_THE_MESSAGE = new Set(['EENVELOPE', 'EMESSAGE']);

/** Sends alerts by mail. */
export function emailTarget(config: EmailTarget): AlertTarget {
  return {
    async send(alert, signal): Promise<Outcome> {
      const { host, port, tls, user, timeoutMs, caFile } = config;
      const [password = ''] = await readSecrets(config.secret);
      const ca = caFile === undefined ? undefined : await readFile(caFile);
      // Loaded by those only who have such a target.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        host,
        port,
        secure: tls === 'implicit',
        requireTLS: tls === 'starttls',
        ignoreTLS: tls === 'none',
        tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
        ...(user !== undefined && { auth: { user, pass: password } }),
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        // What a message says is no file and no address to fetch from.
        disableFileAccess: true,
        disableUrlAccess: true,
        logger: false,
      });
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const abort = (): void => {
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      try {
        await Promise.race([transport.sendMail(emailMessage(alert, config)), aborted]);
        return { kind: 'delivered' };
      } catch (error) {
        return outcomeOfSmtp(error);
      } finally {
        signal.removeEventListener('abort', abort);
        transport.close();
      }
    },
  };
}

/** A plain mail; its id is the record's, and those of one alert are one thread. */
export function emailMessage(alert: Alert, { from, to }: Pick<EmailTarget, 'from' | 'to'>): EmailMessage {
  const lines = [...alert.details].map(([name, value]) => `${name}: ${oneLine(value, MAX_VALUE_LENGTH)}`);
  const about = [
    ['rule', alert.rule],
    ['severity', alert.severity],
    ['state', alert.action],
    ['records', String(alert.count)],
    ['first', alert.first],
    ['last', alert.last],
    ['alert', alert.id],
  ].map(([name = '', value = '']) => `${name}: ${oneLine(value, MAX_VALUE_LENGTH)}`);
  const text = [
    alertHeadline(alert),
    cut(alert.description, MAX_TEXT_LENGTH),
    [...about, ...lines].join('\n'),
    `The record, with its proof: spanledger show ${oneLine(alert.recordId, MAX_VALUE_LENGTH)}`,
  ];
  return {
    from,
    to: [...to],
    subject: `Spanledger ${alertHeadline(alert)}`,
    text: `${text.filter((part) => part !== '').join('\n\n')}\n`,
    messageId: messageId(alert.recordId),
    references: messageId(`alert ${alert.id}`),
    headers: { 'auto-submitted': 'auto-generated', 'x-spanledger-severity': alert.severity },
  };
}

/** What is handed to the mailer. */
export interface EmailMessage {
  from: string;
  to: string[];
  subject: string;
  text: string;
  messageId: string;
  references: string;
  headers: Record<string, string>;
}

function messageId(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, MESSAGE_ID_DIGITS);
  return `<${digest}@alerts.spanledger.invalid>`;
}

function outcomeOfSmtp(error: unknown): Outcome {
  const outcome = outcomeOfError(error);
  if (!(error instanceof Error) || outcome.kind !== 'failed') return outcome;
  const response = 'responseCode' in error ? Number(error.responseCode) : Number.NaN;
  if (!Number.isInteger(response)) return outcome;
  const code = 'code' in error ? String(error.code) : '';
  const reason = `smtp ${response} (${code})`;
  // Whoever may not log in may when the password is mended; a mailbox that is not there is not there tomorrow either.
  const isFinal = response >= 500 && ABOUT_THE_MESSAGE.has(code);
  return isFinal ? { kind: 'refused', reason } : { kind: 'failed', reason };
}
