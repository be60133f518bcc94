import type { CommitmentGroup } from '@spanledger/record';
import type { AlertAction, Severity } from './alert.ts';

/** A secret, or several during a rotation: the environment's win over the files', which are read whenever one is needed. */
export interface SecretSource {
  readonly value: string | undefined;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** What all targets have. */
interface CommonTarget {
  /** Names it in the state, status, metrics and logs. */
  readonly name: string;
  /** Alerts below are not sent. */
  readonly minSeverity: Severity;
  /** Only alerts of these rules; undefined: of all. */
  readonly rules: readonly string[] | undefined;
  /** What it is told of. */
  readonly actions: readonly AlertAction[];
  /** Opened groups that leave with an alert; without any it names references only. */
  readonly include: readonly CommitmentGroup[];
  /** The longest time that an attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How long one alert is tried before it goes to the dead letters, in milliseconds. */
  readonly giveUpMs: number;
  readonly secret: SecretSource;
  /** Certificates of the authorities to trust, PEM, absolute path; undefined: those of the system. */
  readonly caFile: string | undefined;
  /** What would go over the network in the clear may. */
  readonly insecure: boolean;
}

/** HTTP with a signature as Standard Webhooks has it; the secrets are `whsec_…`. */
export interface WebhookTarget extends CommonTarget {
  readonly kind: 'webhook';
  readonly url: string;
}

/** What Slack calls an incoming webhook; its URL is the secret. */
export interface SlackTarget extends CommonTarget {
  readonly kind: 'slack';
}

/** Syslog, RFC 5424, over TLS, RFC 5425. */
export interface SyslogTarget extends CommonTarget {
  readonly kind: 'syslog';
  readonly host: string;
  readonly port: number;
  /** The certificate that is shown to it and its key, PEM, absolute paths. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** Mail by SMTP; the secret is the password. */
export interface EmailTarget extends CommonTarget {
  readonly kind: 'email';
  readonly host: string;
  readonly port: number;
  /** `starttls` demands it; `none` only where nobody listens. */
  readonly tls: 'starttls' | 'implicit' | 'none';
  /** Undefined: it does not log in. */
  readonly user: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

/** Prometheus Alertmanager, API v2; the secret is a bearer token. */
export interface AlertmanagerTarget extends CommonTarget {
  readonly kind: 'alertmanager';
  readonly url: string;
  /** How long it holds an alert active that nobody resolves, in milliseconds. */
  readonly activeMs: number;
}

/** Where alerts are sent. */
export type TargetConfig = WebhookTarget | SlackTarget | SyslogTarget | EmailTarget | AlertmanagerTarget;
