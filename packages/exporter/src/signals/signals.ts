import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { series, type Sample } from '../gauges.ts';
import { Refusals } from '../refusals.ts';
import { describeKeys, keyMetrics, keyWarnings } from './key-report.ts';
import { checkLogoutToken, LOGOUT_EVENT } from './logout-token.ts';
import { ProviderKeys } from './provider-keys.ts';
import type { ProviderConfig } from './provider.ts';
import { fault, type SignalFault, type SignalRefusalCode } from './refusal-code.ts';
import { type RefusedSignal, refusedSignalRecord } from './refused-signal.ts';
import { type SeenLog, SeenSignals } from './seen-signals.ts';
import { SESSION_ENDED } from './signal-meaning.ts';
import { type SignalDelivery, signalId, signalRecord } from './signal-record.ts';
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

/** Where a signal came from. */
export interface SignalOrigin {
  delivery: SignalDelivery;
  /** Of the connection; empty where we made it. */
  address: string;
}

/** What became of a signal. */
export type SignalOutcome = { ok: true } | SignalFault;

interface Provider {
  config: ProviderConfig;
  keys: ProviderKeys;
}

/**
 * Takes in what identity providers tell of sessions and accounts: verified by their own signature, recorded once, durable
 * before it is acknowledged. A provider that is down keeps nothing else from being recorded.
 */
export class Signals {
  readonly #options: SignalsOptions;
  readonly #now: () => number;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #seen: SeenSignals;
  readonly #recorder: SignalRecorder;
  readonly #refusals: Refusals<RefusedSignal>;
  readonly #received: Map<string, number> = new Map();

  constructor(options: SignalsOptions) {
    const { directory, log, record, size } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#providers = new Map(
      options.providers.map((config) => {
        const digest = createHash('sha256').update(config.issuer).digest('hex').slice(0, ISSUER_DIGITS);
        const file = join(directory, `keys-${digest}.json`);
        const keys = new ProviderKeys({ provider: config, file, log, now: this.#now });
        return [config.issuer, { config, keys }];
      }),
    );
    this.#seen = new SeenSignals(join(directory, 'seen.db'));
    this.#recorder = new SignalRecorder({ seen: this.#seen, record, size });
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
    for (const { keys } of this.#providers.values()) await keys.start();
  }

  /** Records what was refused, and asks nobody any more. */
  async stop(): Promise<void> {
    for (const { keys } of this.#providers.values()) await keys.stop();
    await this.#refusals.stop();
    this.#seen.close();
  }

  /**
   * Takes in a logout token; resolves once its record is durable. OpenID Connect Back-Channel Logout 1.0, 2.6
   *
   * @throws what the append throws; then it may be sent again
   */
  async takeLogout(text: string, address: string): Promise<SignalOutcome> {
    const origin: SignalOrigin = { delivery: 'backchannel', address };
    const token = readToken(text);
    if (!token.ok) return this.refuse(origin, token.code);
    const provider = this.#providers.get(token.issuer);
    if (provider === undefined) return this.refuse(origin, 'issuer_unknown');
    const outcome = await this.#takeLogout(token, provider, address);
    return outcome.ok ? outcome : this.refuse(origin, outcome.code, token.issuer);
  }

  /** Tells of a signal that is not taken in. */
  refuse(origin: SignalOrigin, reason: SignalRefusalCode, issuer?: string): SignalFault {
    this.#refusals.add({ ...origin, reason, issuer });
    return fault(reason);
  }

  /** How it stands with the providers, for `/api/status`. */
  describe(): JsonObject {
    const nowMs = this.#now();
    return Object.fromEntries(
      [...this.#providers.values()].map(({ config, keys }) => [
        config.issuer,
        { keys: describeKeys(keys.status(), nowMs), received: this.#received.get(config.issuer) ?? 0 },
      ]),
    );
  }

  /** What is to be told of the providers. */
  warnings(): SignalWarning[] {
    return [...this.#providers.values()].flatMap(({ config, keys }) =>
      keyWarnings(config.issuer, keys.status()),
    );
  }

  /** The same for a monitor. */
  metrics(): string[] {
    const providers = [...this.#providers.values()];
    return [
      ...keyMetrics(
        providers.map(({ config, keys }) => [config.issuer, keys.status()] as const),
        this.#now(),
      ),
      ...series(
        'counter',
        'spanledger_signals_total',
        'What a provider told and was recorded since the start.',
        providers.map(({ config }): Sample => [
          { issuer: config.issuer },
          this.#received.get(config.issuer) ?? 0,
        ]),
      ),
      ...series(
        'counter',
        'spanledger_signals_refused_total',
        'What came as from a provider and was refused since the start, by reason.',
        [...this.#refusals.totals].map(([reason, count]): Sample => [{ reason }, count]),
      ),
    ];
  }

  async #takeLogout(
    token: UnverifiedToken,
    { config, keys }: Provider,
    address: string,
  ): Promise<SignalOutcome> {
    if (!config.backchannelLogout) return fault('delivery_refused');
    const verdict = await keys.verify(token.text);
    if (!verdict.ok) return verdict;
    const nowMs = this.#now();
    const logout = checkLogoutToken(token.type, verdict.payload, { ...config, nowMs });
    if (!logout.ok) return logout;
    const { jti, issuedMs, audience, sub, sid } = logout;
    const { issuer } = config;
    const id = signalId(issuer, jti);
    if (this.#recorder.knows(id)) return fault('replayed');
    const draft = signalRecord(
      {
        issuer,
        delivery: 'backchannel',
        id: jti,
        algorithm: token.algorithm,
        keyId: token.keyId,
        keys: verdict.keys,
        audience,
        issuedMs,
        receivedMs: nowMs,
        address,
      },
      {
        type: LOGOUT_EVENT,
        meaning: SESSION_ENDED,
        reason: 'backchannel_logout',
        atMs: issuedMs,
        subject: {
          issuer,
          ...(sub !== undefined && { userId: sub }),
          ...(sid !== undefined && { sessionId: sid }),
        },
      },
    );
    await this.#recorder.record([{ id, drafts: [draft] }]);
    this.#count(issuer);
    return { ok: true };
  }

  #count(issuer: string): void {
    this.#received.set(issuer, (this.#received.get(issuer) ?? 0) + 1);
  }
}
