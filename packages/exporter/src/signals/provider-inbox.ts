import { hash, timingSafeEqual } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import { isWord, readContent } from './event-content.ts';
import { checkLogoutToken, LOGOUT_EVENT } from './logout-token.ts';
import type { KeyState, ProviderKeys } from './provider-keys.ts';
import { readSecret } from './provider-request.ts';
import type { ProviderConfig } from './provider.ts';
import { fault, type SignalFault } from './refusal-code.ts';
import { checkSecurityEvent, type SecurityEventToken } from './security-event.ts';
import { meaningOf, SESSION_ENDED, VERIFICATION_EVENT } from './signal-meaning.ts';
import {
  type SignalEvent,
  signalId,
  signalRecord,
  type SignalSubject,
  type VerifiedSignal,
} from './signal-record.ts';
import type { SignalDrafts } from './signal-recorder.ts';
import type { UnverifiedToken } from './signed-token.ts';
import type { StreamVerification } from './stream-verification.ts';
import { readSubject } from './subject-identifier.ts';

/** Where a token came from. */
export interface SignalOrigin extends Pick<VerifiedSignal, 'address' | 'delivery'> {
  /** The `Authorization` header of a push. */
  authorization?: string | undefined;
}

/** A token that holds, and the records that it makes; none where it was recorded before. */
export interface OpenedSignal extends SignalDrafts {
  ok: true;
  jti: string;
  /** To be called once they are durable. */
  onRecorded?: () => void;
}

/** The `sub` of the person of an issuer who has an email address, as records of applications tell it. */
export type FindByEmail = (issuer: string, email: string) => Promise<string | undefined>;

/** What {@link ProviderInbox} works with. */
export interface ProviderInboxOptions {
  config: ProviderConfig;
  keys: ProviderKeys;
  /** Undefined: verifications of the stream are not asked for. */
  verification?: StreamVerification | undefined;
  /** Finds the `sub` of somebody whose email address is all that is told. */
  findByEmail?: FindByEmail | undefined;
  /** Whether a signal was recorded already. */
  knows: (id: string) => boolean;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Opens the tokens of one provider. */
export class ProviderInbox {
  readonly config: ProviderConfig;
  readonly keys: ProviderKeys;
  readonly verification: StreamVerification | undefined;
  readonly #options: ProviderInboxOptions;
  /** How many were recorded since the start. */
  received = 0;

  constructor(options: ProviderInboxOptions) {
    this.config = options.config;
    this.keys = options.keys;
    this.verification = options.verification;
    this.#options = options;
  }

  /** Takes up the keys; nothing waits for the provider. */
  async start(): Promise<void> {
    await this.keys.start();
    this.verification?.start();
  }

  /** Asks the provider no more. */
  async stop(): Promise<void> {
    await this.verification?.stop();
    await this.keys.stop();
  }

  /** Checks a logout token and makes its record; one that was recorded is refused. */
  async openLogout(token: UnverifiedToken, origin: SignalOrigin): Promise<OpenedSignal | SignalFault> {
    if (!this.config.backchannelLogout) return fault('delivery_refused');
    const verdict = await this.keys.verify(token.text);
    if (!verdict.ok) return verdict;
    const nowMs = this.#options.now();
    const logout = checkLogoutToken(token.type, verdict.payload, { ...this.config, nowMs });
    if (!logout.ok) return logout;
    const { jti, issuedMs, sub, sid } = logout;
    const id = signalId(this.config.issuer, jti);
    if (this.#options.knows(id)) return fault('replayed');
    const event: SignalEvent = {
      type: LOGOUT_EVENT,
      meaning: SESSION_ENDED,
      reason: 'backchannel_logout',
      atMs: issuedMs,
      subject: {
        issuer: this.config.issuer,
        ...(sub !== undefined && { userId: sub }),
        ...(sid !== undefined && { sessionId: sid }),
      },
    };
    return {
      ok: true,
      jti,
      id,
      drafts: [signalRecord(this.#describe(token, origin, verdict.keys, logout), event)],
    };
  }

  /** Checks a security event and makes its records; one that was recorded has none. */
  async openEvent(token: UnverifiedToken, origin: SignalOrigin): Promise<OpenedSignal | SignalFault> {
    const admission = await this.#admit(origin);
    if (admission !== undefined) return admission;
    const verdict = await this.keys.verify(token.text);
    if (!verdict.ok) return verdict;
    const checked = checkSecurityEvent(token.type, verdict.payload, {
      ...this.config,
      nowMs: this.#options.now(),
    });
    if (!checked.ok) return checked;
    const id = signalId(this.config.issuer, checked.jti);
    // It is delivered until it is acknowledged.
    if (this.#options.knows(id)) return { ok: true, jti: checked.jti, id, drafts: [] };
    const signal = this.#describe(token, origin, verdict.keys, checked);
    const events: SignalEvent[] = [];
    for (const [type, payload] of Object.entries(checked.events)) {
      const read = this.#readEvent(type, isJsonObject(payload) ? payload : {}, checked);
      if (!read.ok) return read;
      events.push({ ...read.event, subject: await this.#recognise(read.event.subject) });
    }
    const verified = checked.events[VERIFICATION_EVENT];
    return {
      ok: true,
      jti: checked.jti,
      id,
      ...(isJsonObject(verified) && { onRecorded: () => this.verification?.confirm(verified['state']) }),
      drafts: events.map((event, position) => signalRecord(signal, event, position)),
    };
  }

  #readEvent(
    type: string,
    payload: JsonObject,
    { claims, happened, issuedMs }: SecurityEventToken,
  ): { ok: true; event: SignalEvent } | SignalFault {
    const { issuer, clockSkewMs, sharedSignals } = this.config;
    const meaning = meaningOf(type);
    const [family = ''] = (meaning.code ?? meaning.action).split('.');
    const content = readContent(family, payload, {
      happened,
      issuedMs,
      latestMs: this.#options.now() + clockSkewMs,
    });
    const reason = meaning.action === SESSION_ENDED.action ? { reason: 'revoked' } : {};
    if (type === VERIFICATION_EVENT && !this.#isAskedFor(payload['state'])) return fault('state_wrong');
    // What is about the stream itself is about nobody.
    if (family === 'ssf' && meaning.action !== 'ssf.other') {
      const stream = streamOf(claims['sub_id'] ?? payload['subject']);
      const details = { ...content.details, ...(stream !== undefined && { stream_id: stream }) };
      return { ok: true, event: { type, meaning, ...content, details, subject: { issuer } } };
    }
    // Transmitters of drafts before the final one put the subject into the event.
    const subject = readSubject(claims['sub_id'] ?? payload['subject'], {
      issuer,
      subjectIssuers: sharedSignals?.subjectIssuers ?? [],
    });
    if (!subject.ok) return subject;
    return { ok: true, event: { type, meaning, ...content, ...reason, subject: subject.subject } };
  }

  /** Somebody who is told by an email address is the person that the records of applications know by it, if any. */
  async #recognise(subject: SignalSubject): Promise<SignalSubject> {
    const { issuer, userId, email } = subject;
    if (userId !== undefined || email === undefined) return subject;
    const found = await this.#options.findByEmail?.(issuer, email);
    return found === undefined ? subject : { ...subject, userId: found };
  }

  /** One that the transmitter sends of its own accord has no state. Shared Signals Framework 1.0, 8.1.4.1 */
  #isAskedFor(state: JsonValue | undefined): boolean {
    return state === undefined || this.verification?.accepts(state) === true;
  }

  /** Whether the provider's events are taken in this way, from whoever showed this. */
  async #admit({ delivery, authorization }: SignalOrigin): Promise<SignalFault | undefined> {
    const { sharedSignals } = this.config;
    if (delivery === 'poll') return undefined;
    const push = sharedSignals?.push;
    if (push === undefined) return fault('delivery_refused');
    if (push.authorizationFile === undefined) return undefined;
    const demanded = await readSecret(push.authorizationFile);
    return demanded !== '' && isSame(demanded, authorization ?? '')
      ? undefined
      : fault('authorization_wrong');
  }

  #describe(
    { algorithm, keyId }: UnverifiedToken,
    { address, delivery }: SignalOrigin,
    keys: KeyState,
    { audience, issuedMs, jti }: { audience: string; issuedMs: number; jti: string },
  ): VerifiedSignal {
    const { issuer } = this.config;
    const receivedMs = this.#options.now();
    return { issuer, delivery, id: jti, algorithm, keyId, keys, audience, issuedMs, receivedMs, address };
  }
}

/** The stream that an event about it names. Shared Signals Framework 1.0, 8.1.4.1 */
function streamOf(subject: JsonValue | undefined): string | undefined {
  const id = isJsonObject(subject) ? subject['id'] : undefined;
  return isWord(id) ? id : undefined;
}

/** Compares secrets without telling how much of them fits. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'));
}
