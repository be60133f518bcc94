import { ExporterError } from '../errors.ts';
import { isLoopback } from '../config/loopback.ts';
import type { Alert, Severity } from './alert.ts';
import { alertHeadline, cut, oneLine } from './alert-text.ts';
import type { AlertTarget } from './alert-target.ts';
import { postJson } from './http-post.ts';
import { type Outcome, outcomeOfStatus } from './outcome.ts';
import { readSecrets } from './secret.ts';
import type { SlackTarget } from './target-config.ts';

const COLORS: Readonly<Record<Severity, string>> = {
  low: '#5b8def',
  medium: '#e0a800',
  high: '#e8590c',
  critical: '#c92a2a',
};
const RESOLVED_COLOR = '#2f9e44';

const MAX_VALUE_LENGTH = 1_000;
const MAX_TEXT_LENGTH = 3_000;
const SHORT_LENGTH = 40;

/** Posts alerts as Slack's incoming webhooks take them, and Mattermost's, Rocket.Chat's and others. */
export function slackTarget(config: SlackTarget, now: () => number = Date.now): AlertTarget {
  return {
    async send(alert, signal): Promise<Outcome> {
      const [secret = ''] = await readSecrets(config.secret);
      const { status, retryAfter } = await postJson({
        url: parseUrl(secret, config.insecure),
        headers: {},
        body: JSON.stringify(slackMessage(alert)),
        caFile: config.caFile,
        signal,
      });
      return outcomeOfStatus(status, retryAfter, now());
    },
  };
}

/** Text for a list of messages, and an attachment with the details. */
export function slackMessage(alert: Alert): object {
  const headline = escapeText(alertHeadline(alert));
  const fields = [...alert.details].map(([title, value]) => {
    const text = escapeText(oneLine(value, MAX_VALUE_LENGTH));
    return { title, value: text, short: text.length <= SHORT_LENGTH };
  });
  return {
    text: headline,
    attachments: [
      {
        color: alert.action === 'resolved' ? RESOLVED_COLOR : COLORS[alert.severity],
        fallback: headline,
        title: escapeText(oneLine(alert.rule, MAX_VALUE_LENGTH)),
        text: escapeText(cut(alert.description, MAX_TEXT_LENGTH)),
        fields,
        ts: Math.floor(Date.parse(alert.at) / 1_000),
      },
    ],
  };
}

/** Slack's three control characters; without them nobody is mentioned and nothing is a link. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function parseUrl(secret: string, insecure: boolean): URL {
  const url = URL.canParse(secret) ? new URL(secret) : undefined;
  const isPlain = url?.protocol === 'http:' && (insecure || isLoopback(url.hostname.replace(/^\[|\]$/g, '')));
  if (url !== undefined && (url.protocol === 'https:' || isPlain)) return url;
  throw new ExporterError('key_missing', 'what is named as the secret of the target is no https URL', {
    hint: 'Write the URL of the incoming webhook to the file.',
  });
}
