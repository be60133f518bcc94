import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { series, type Sample } from '../gauges.ts';
import { Refusals } from '../refusals.ts';
import { EventPoller, type EventPollerOptions, type PolledOutcome } from './event-poller.ts';
import { describeKeys, keyMetrics, keyWarnings } from './key-report.ts';
import { type FindByEmail, type OpenedSignal, ProviderInbox, type SignalOrigin } from './provider-inbox.ts';
import { ProviderKeys } from './provider-keys.ts';
import type { ProviderConfig } from './provider.ts';
import { fault, type SignalFault, type SignalRefusalCode } from './refusal-code.ts';
import { type RefusedSignal, refusedSignalRecord } from './refused-signal.ts';
import { type SeenLog, SeenSignals } from './seen-signals.ts';
import { SignalRecorder } from './signal-recorder.ts';
import { readToken, type UnverifiedToken } from './signed-token.ts';
import { describeStream, streamMetrics, type StreamStatus, streamWarnings } from './stream-report.ts';
import { StreamVerification } from './stream-verification.ts';
import type { SignalWarning } from './warning.ts';

const ISSUER_DIGITS = 16;

/** What {@link Signals} work with. */
export interface SignalsOptions {
  providers: readonly ProviderConfig[];
  /** A folder of the data directory. */
  directory: string;
  log: Logger;
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  /** Durable entries of the log. */
  size: () => number;
  findByEmail?: FindByEmail;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What became of a signal. */
export type SignalOutcome = { ok: true } | SignalFault;

/**
 * Takes in what identity providers tell of sessions and accounts: verified by their own signature, recorded once, durable
 * before it is acknowledged. A provider that is down keeps nothing else from being recorded.
 */
export class Signals {
  readonly #options: SignalsOptions;
  readonly #now: () => number;
  readonly #inboxes: ReadonlyMap<string, ProviderInbox>;
  readonly #pollers: ReadonlyMap<string, EventPoller>;
  readonly #seen: SeenSignals;
  readonly #recorder: SignalRecorder;
  readonly #refusals: Refusals<RefusedSignal>;

  constructor(options: SignalsOptions) {
    const { directory, log, record, size } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#seen = new SeenSignals(join(directory, 'seen.db'));
    this.#recorder = new SignalRecorder({
      seen: this.#seen,
      record,
      size,
      onError: (error) => {
        log.error({ err: error }, 'which signals were recorded could not be kept; it is tried again');
      },
    });
    this.#inboxes = new Map(
      options.providers.map((config) => {
        const digest = createHash('sha256').update(config.issuer).digest('hex').slice(0, ISSUER_DIGITS);
        const file = join(directory, `keys-${digest}.json`);
        const keys = new ProviderKeys({ provider: config, file, log, now: this.#now });
        return [config.issuer, this.#openInbox(config, keys)];
      }),
    );
    this.#pollers = new Map(
      [...this.#inboxes.values()].flatMap((inbox) => {
        const { issuer, sharedSignals } = inbox.config;
        const poll = sharedSignals?.poll;
        if (poll === undefined) return [];
        const take: EventPollerOptions['take'] = (events) => this.#takePolled(inbox, events);
        return [[issuer, new EventPoller({ poll, issuer, take, log, now: this.#now })] as const];
      }),
    );
    this.#refusals = new Refusals({
      keyOf: ({ delivery, issuer = '', address }) => [delivery, issuer, address].join(' '),
      draftOf: refusedSignalRecord,
      describe: ({ reason, delivery, issuer }) => ({ reason, delivery, issuer }),
      record,
      log,
      now: this.#now,
    });
  }

  /** Finds out what a crash cut off, and begins to fetch keys. Nothing waits for a provider. */
  async start(log: SeenLog): Promise<void> {
    await this.#seen.recover(log, this.#options.size());
    this.#recorder.start();
    for (const inbox of this.#inboxes.values()) await inbox.start();
    for (const poller of this.#pollers.values()) poller.start();
  }

  /** Records what was refused, and asks nobody any more. */
  async stop(): Promise<void> {
    const pollers = [...this.#pollers.values()];
    const inboxes = [...this.#inboxes.values()];
    await Promise.all(pollers.map((poller) => poller.stop()));
    await Promise.all(inboxes.map((inbox) => inbox.stop()));
    await this.#refusals.stop();
    await this.#recorder.stop();
    this.#seen.close();
  }

  /**
   * Takes in a logout token; resolves once its record is durable. OpenID Connect Back-Channel Logout 1.0, 2.6
   *
   * @throws what the append throws; then it may be sent again
   */
  async takeLogout(text: string, address: string): Promise<SignalOutcome> {
    return this.#take(text, { delivery: 'backchannel', address }, (inbox, token, origin) =>
      inbox.openLogout(token, origin),
    );
  }

  /**
   * Takes in a security event that was pushed; resolves once its records are durable, or were before. RFC 8935, 2
   *
   * @throws as {@link Signals.takeLogout}
   */
  async takeEvent(text: string, origin: SignalOrigin): Promise<SignalOutcome> {
    return this.#take(text, origin, (inbox, token) => inbox.openEvent(token, origin));
  }

  /** Tells of a signal that is not taken in. */
  refuse({ delivery, address }: SignalOrigin, reason: SignalRefusalCode, issuer?: string): SignalFault {
    this.#refusals.add({ delivery, address, reason, issuer });
    return fault(reason);
  }

  /** How it stands with the providers, for `/api/status`. */
  describe(): JsonObject {
    const nowMs = this.#now();
    return Object.fromEntries(
      [...this.#inboxes.values()].map(({ config, keys, received }) => [
        config.issuer,
        {
          keys: describeKeys(keys.status(), nowMs),
          received,
          ...describeStream(this.#streamOf(config.issuer)),
        },
      ]),
    );
  }

  /** What is to be told of the providers. */
  warnings(): SignalWarning[] {
    return [...this.#inboxes.values()].flatMap(({ config, keys }) => [
      ...keyWarnings(config.issuer, keys.status()),
      ...streamWarnings(config.issuer, this.#streamOf(config.issuer)),
    ]);
  }

  /** The same for a monitor. */
  metrics(): string[] {
    const inboxes = [...this.#inboxes.values()];
    return [
      ...keyMetrics(
        inboxes.map(({ config, keys }) => [config.issuer, keys.status()] as const),
        this.#now(),
      ),
      ...streamMetrics(inboxes.map(({ config }) => [config.issuer, this.#streamOf(config.issuer)] as const)),
      ...series(
        'counter',
        'spanledger_signals_total',
        'What a provider told and was recorded since the start.',
        inboxes.map(({ config, received }): Sample => [{ issuer: config.issuer }, received]),
      ),
      ...series(
        'counter',
        'spanledger_signals_refused_total',
        'What came as from a provider and was refused since the start, by reason.',
        [...this.#refusals.totals].map(([reason, count]): Sample => [{ reason }, count]),
      ),
    ];
  }

  #streamOf(issuer: string): StreamStatus {
    return {
      poll: this.#pollers.get(issuer)?.status(),
      verification: this.#inboxes.get(issuer)?.verification?.status(),
    };
  }

  async #take(
    text: string,
    origin: SignalOrigin,
    open: (
      inbox: ProviderInbox,
      token: UnverifiedToken,
      origin: SignalOrigin,
    ) => Promise<OpenedSignal | SignalFault>,
  ): Promise<SignalOutcome> {
    const token = readToken(text);
    if (!token.ok) return this.refuse(origin, token.code);
    const inbox = this.#inboxes.get(token.issuer);
    if (inbox === undefined) return this.refuse(origin, 'issuer_unknown');
    const opened = await open(inbox, token, origin);
    if (!opened.ok) return this.refuse(origin, opened.code, token.issuer);
    const count = await this.#record(inbox, [opened]);
    // Two of the same came at once.
    if (count === 0 && origin.delivery === 'backchannel')
      return this.refuse(origin, 'replayed', token.issuer);
    return { ok: true };
  }

  /** Takes in events that were asked for: those that hold are one batch. */
  async #takePolled(
    inbox: ProviderInbox,
    events: readonly (readonly [jti: string, text: string])[],
  ): Promise<PolledOutcome> {
    const origin: SignalOrigin = { delivery: 'poll', address: '' };
    const held: OpenedSignal[] = [];
    const refused: [jti: string, code: SignalRefusalCode][] = [];
    for (const [jti, text] of events) {
      const opened = await openPolled(inbox, jti, text, origin);
      if (opened.ok) held.push(opened);
      else {
        this.refuse(origin, opened.code, inbox.config.issuer);
        // Without keys there is no telling: it is asked for again.
        if (opened.code !== 'keys_unavailable') refused.push([jti, opened.code]);
      }
    }
    await this.#record(inbox, held);
    return { recorded: held.map(({ jti }) => jti), refused };
  }

  async #record(inbox: ProviderInbox, signals: readonly OpenedSignal[]): Promise<number> {
    const count = await this.#recorder.record(signals);
    inbox.received += count;
    for (const { onRecorded } of signals) onRecorded?.();
    return count;
  }

  #openInbox(config: ProviderConfig, keys: ProviderKeys): ProviderInbox {
    const now = this.#now;
    const { log } = this.#options;
    const { issuer } = config;
    const verification = config.sharedSignals?.verification;
    return new ProviderInbox({
      config,
      keys,
      verification: verification && new StreamVerification({ verification, issuer, log, now }),
      knows: (id) => this.#recorder.knows(id),
      findByEmail: this.#options.findByEmail,
      now,
    });
  }
}

/** An event under another `jti` than its own could be acknowledged in the place of that other one. RFC 8936, 2.3 */
async function openPolled(
  inbox: ProviderInbox,
  jti: string,
  text: string,
  origin: SignalOrigin,
): Promise<OpenedSignal | SignalFault> {
  const token = readToken(text);
  if (!token.ok) return token;
  if (token.issuer !== inbox.config.issuer) return fault('issuer_unknown');
  const opened = await inbox.openEvent(token, origin);
  return opened.ok && opened.jti !== jti ? fault('token_malformed') : opened;
}
