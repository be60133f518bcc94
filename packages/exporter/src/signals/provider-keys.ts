import { setTimeout as delay } from 'node:timers/promises';
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import type { Logger } from 'pino';
import { z } from 'zod';
import { readStateFile, writeStateFile } from '../state-file.ts';
import { fetchKeys, readKeySet } from './key-document.ts';
import type { ProviderConfig } from './provider.ts';
import { fault, type SignalFault } from './refusal-code.ts';
import { ALGORITHMS } from './signed-token.ts';

/** A token that names an unknown key has the keys fetched, but not more often than this: anybody can name one. */
export const COOLDOWN_MS = 30_000;

/** Whoever sent a token waits for keys no longer than this. */
const MAX_WAIT_MS = 5_000;

/** After a failure keys are asked for again so soon, however seldom they are otherwise. */
const RETRY_MS = 30_000;

const VERSION = 1;

/** The provider's keys as they lie on disk: they are public. */
const stateFile = z.object({
  version: z.literal(VERSION),
  issuer: z.string(),
  fetched_ms: z.number().int().min(0),
  jwks: z.unknown(),
});

/** How good the keys were that a token was verified with. */
export interface KeyState {
  /** When they were fetched, milliseconds since the epoch. */
  fetchedMs: number;
  /** Whether that is longer ago than it should be. */
  isStale: boolean;
}

/** What became of a signature. */
export type SignatureVerdict = { ok: true; payload: Uint8Array; keys: KeyState } | SignalFault;

/** How the keys of a provider stand, for whoever watches. */
export interface KeyStatus {
  /** Undefined: never. */
  fetchedMs: number | undefined;
  count: number;
  isStale: boolean;
  /** Whether they are too old to be used, or not there. */
  isUnusable: boolean;
  /** Why the last attempt to fetch them failed. */
  failure: string | undefined;
}

/** What {@link ProviderKeys} work with. */
export interface ProviderKeysOptions {
  provider: Pick<ProviderConfig, 'insecure' | 'issuer' | 'jwksUri' | 'keys'>;
  /** Where they are kept. */
  file: string;
  log: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * The public keys of a provider. They are fetched now and then, and when a token names one that is not known; they are
 * kept on disk, so that a service that starts while the provider is down verifies all the same. Keys that the provider
 * no longer publishes count no more as soon as that is known.
 */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions;
  readonly #stop: AbortController = new AbortController();
  #keys: JSONWebKeySet | undefined;
  #set: ReturnType<typeof createLocalJWKSet> | undefined;
  #fetchedMs: number | undefined;
  /** When a token had them fetched last. */
  #demandedMs: number | undefined;
  #failure: string | undefined;
  #fetching: Promise<void> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProviderKeysOptions) {
    this.#options = options;
  }

  /** Takes up what is on disk, and begins to fetch; nothing waits for the provider. */
  async start(): Promise<void> {
    const { file, provider, log } = this.#options;
    const stored = await readStateFile(file).catch((error: unknown) => {
      log.warn({ err: error }, 'the stored keys of a provider cannot be read; they are fetched');
      return undefined;
    });
    const parsed = stateFile.safeParse(parseJson(stored));
    const keys = parsed.success ? readKeySet(parsed.data.jwks) : undefined;
    if (parsed.success && parsed.data.issuer === provider.issuer && keys !== undefined) {
      // A clock that was wrong must not make keys young for ever.
      this.#take(keys, Math.min(parsed.data.fetched_ms, this.#options.now()));
    }
    this.#refreshLater(0);
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    await this.#fetching;
    await this.#saving;
  }

  /** Verifies a token's signature. */
  async verify(token: string): Promise<SignatureVerdict> {
    let verdict = await this.#try(token);
    if (isForWantOfKeys(verdict) && this.#fetching !== undefined) {
      await waitFor(this.#fetching);
      verdict = await this.#try(token);
    }
    if (isForWantOfKeys(verdict) && this.#mayDemand()) {
      await waitFor(this.#fetch());
      verdict = await this.#try(token);
    }
    // A provider that does not answer may have a new key: who sent the token may send it again.
    const isDown = this.#failure !== undefined;
    return isDown && !verdict.ok && verdict.code === 'key_unknown' ? fault('keys_unavailable') : verdict;
  }

  /** How they stand. */
  status(): KeyStatus {
    return {
      fetchedMs: this.#fetchedMs,
      count: this.#keys?.keys.length ?? 0,
      isStale: this.#isOlderThan(this.#options.provider.keys.staleMs),
      isUnusable: this.#isOlderThan(this.#options.provider.keys.maxAgeMs),
      failure: this.#failure,
    };
  }

  async #try(token: string): Promise<SignatureVerdict> {
    const { isStale, isUnusable } = this.status();
    const set = this.#set;
    const fetchedMs = this.#fetchedMs;
    if (set === undefined || fetchedMs === undefined || isUnusable) return fault('keys_unavailable');
    const keys = { fetchedMs, isStale };
    const options = { algorithms: [...ALGORITHMS] };
    try {
      const { payload } = await compactVerify(token, set, options);
      return { ok: true, payload, keys };
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return fault(codeOf(error));
      // A token without `kid`: each key that could be meant is tried.
      for await (const key of error) {
        try {
          const { payload } = await compactVerify(token, key, options);
          return { ok: true, payload, keys };
        } catch (failure) {
          if (codeOf(failure) !== 'signature_wrong') return fault(codeOf(failure));
        }
      }
      return fault('signature_wrong');
    }
  }

  /** Whether a token may have keys fetched again. */
  #mayDemand(): boolean {
    const nowMs = this.#options.now();
    if (this.#demandedMs !== undefined && Math.abs(nowMs - this.#demandedMs) < COOLDOWN_MS) return false;
    this.#demandedMs = nowMs;
    return true;
  }

  /** One at a time. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const { provider, log, now } = this.#options;
    try {
      const keys = await fetchKeys(provider, this.#stop.signal);
      const isNew = JSON.stringify(keys) !== JSON.stringify(this.#keys);
      this.#take(keys, now());
      if (this.#failure !== undefined || isNew) {
        log.info({ issuer: provider.issuer, keys: keys.keys.length }, 'the keys of a provider were fetched');
      }
      this.#failure = undefined;
      this.#save(keys);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) {
        log.warn({ err: error, issuer: provider.issuer }, 'the keys of a provider could not be fetched');
      }
      this.#failure = failure;
    }
  }

  /** Nobody waits for the disk: without the file they are fetched again. */
  #save(jwks: JSONWebKeySet): void {
    const { provider, file, log } = this.#options;
    const state = { version: VERSION, issuer: provider.issuer, fetched_ms: this.#fetchedMs, jwks };
    this.#saving = this.#saving
      .then(() => writeStateFile(file, `${JSON.stringify(state)}\n`))
      .catch((error: unknown) => {
        log.warn({ err: error }, 'the keys of a provider could not be kept');
      });
  }

  #refreshLater(waitMs: number): void {
    this.#timer = setTimeout(() => {
      void this.#fetch().then(() => {
        if (this.#stop.signal.aborted) return;
        const { refreshMs } = this.#options.provider.keys;
        this.#refreshLater(this.#failure === undefined ? refreshMs : Math.min(refreshMs, RETRY_MS));
      });
    }, waitMs);
    this.#timer.unref();
  }

  #take(keys: JSONWebKeySet, fetchedMs: number): void {
    this.#keys = keys;
    this.#set = createLocalJWKSet(keys);
    this.#fetchedMs = fetchedMs;
  }

  #isOlderThan(ageMs: number): boolean {
    return this.#fetchedMs === undefined || this.#options.now() - this.#fetchedMs > ageMs;
  }
}

/** Whether other keys could make it good. */
function isForWantOfKeys(verdict: SignatureVerdict): boolean {
  return !verdict.ok && (verdict.code === 'key_unknown' || verdict.code === 'keys_unavailable');
}

async function waitFor(fetched: Promise<void>): Promise<void> {
  const done = new AbortController();
  const limit = delay(MAX_WAIT_MS, undefined, { signal: done.signal, ref: false }).catch(() => undefined);
  await Promise.race([fetched, limit]);
  done.abort();
}

/** What a verification that failed comes to. */
function codeOf(error: unknown): 'algorithm_refused' | 'key_unknown' | 'signature_wrong' | 'token_malformed' {
  if (error instanceof errors.JWKSNoMatchingKey) return 'key_unknown';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm_refused';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JOSENotSupported)
    return 'token_malformed';
  // A signature that does not fit, and keys that cannot have made one: too short, of another kind.
  return 'signature_wrong';
}

/** Undefined for what is no JSON. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
