import { alertmanagerTarget } from './alertmanager.ts';
import type { AlertTarget } from './alert-target.ts';
import { emailTarget } from './email.ts';
import { slackTarget } from './slack.ts';
import { syslogTarget } from './syslog.ts';
import type { TargetConfig } from './target-config.ts';
import { webhookTarget } from './webhook.ts';

/** Makes what sends to a target; nothing is connected yet. */
export function openTarget(config: TargetConfig): AlertTarget {
  switch (config.kind) {
    case 'webhook':
      return webhookTarget(config);
    case 'slack':
      return slackTarget(config);
    case 'syslog':
      return syslogTarget(config);
    case 'email':
      return emailTarget(config);
    case 'alertmanager':
      return alertmanagerTarget(config);
  }
}
