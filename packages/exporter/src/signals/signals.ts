import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { series, type Sample } from '../gauges.ts';
import { Refusals } from '../refusals.ts';
import { describeKeys, keyMetrics, keyWarnings } from './key-report.ts';
import { type OpenedSignal, ProviderInbox, type SignalOrigin } from './provider-inbox.ts';
import { ProviderKeys } from './provider-keys.ts';
import type { ProviderConfig } from './provider.ts';
import { fault, type SignalFault, type SignalRefusalCode } from './refusal-code.ts';
import { type RefusedSignal, refusedSignalRecord } from './refused-signal.ts';
import { type SeenLog, SeenSignals } from './seen-signals.ts';
import { SignalRecorder } from './signal-recorder.ts';
import { readToken, type UnverifiedToken } from './signed-token.ts';
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
  readonly #seen: SeenSignals;
  readonly #recorder: SignalRecorder;
  readonly #refusals: Refusals<RefusedSignal>;

  constructor(options: SignalsOptions) {
    const { directory, log, record, size } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#seen = new SeenSignals(join(directory, 'seen.db'));
    this.#recorder = new SignalRecorder({ seen: this.#seen, record, size });
    this.#inboxes = new Map(
      options.providers.map((config) => {
        const digest = createHash('sha256').update(config.issuer).digest('hex').slice(0, ISSUER_DIGITS);
        const file = join(directory, `keys-${digest}.json`);
        const keys = new ProviderKeys({ provider: config, file, log, now: this.#now });
        const knows = (id: string): boolean => this.#recorder.knows(id);
        return [config.issuer, new ProviderInbox({ config, keys, knows, now: this.#now })];
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
    for (const { keys } of this.#inboxes.values()) await keys.start();
  }

  /** Records what was refused, and asks nobody any more. */
  async stop(): Promise<void> {
    for (const { keys } of this.#inboxes.values()) await keys.stop();
    await this.#refusals.stop();
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
        { keys: describeKeys(keys.status(), nowMs), received },
      ]),
    );
  }

  /** What is to be told of the providers. */
  warnings(): SignalWarning[] {
    return [...this.#inboxes.values()].flatMap(({ config, keys }) =>
      keyWarnings(config.issuer, keys.status()),
    );
  }

  /** The same for a monitor. */
  metrics(): string[] {
    const inboxes = [...this.#inboxes.values()];
    return [
      ...keyMetrics(
        inboxes.map(({ config, keys }) => [config.issuer, keys.status()] as const),
        this.#now(),
      ),
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
    const count = await this.#recorder.record([opened]);
    inbox.received += count;
    // Two of the same came at once.
    if (count === 0 && origin.delivery === 'backchannel')
      return this.refuse(origin, 'replayed', token.issuer);
    return { ok: true };
  }
}
