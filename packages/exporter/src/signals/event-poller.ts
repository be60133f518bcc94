import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ExporterError } from '../errors.ts';
import { askProvider, readSecret, unreachable } from './provider-request.ts';
import type { PollConfig } from './provider.ts';
import { eventErrorCode, REFUSAL_MESSAGES, type SignalRefusalCode } from './refusal-code.ts';
import { MAX_ID_LENGTH, MAX_TOKEN_LENGTH } from './signed-token.ts';

/** Events that are asked for at once. */
export const MAX_POLLED_EVENTS = 100;

const MAX_ANSWER_BYTES = MAX_POLLED_EVENTS * (MAX_TOKEN_LENGTH + MAX_ID_LENGTH);

/** The transmitter holds a long poll back for as long as it likes; longer than this the connection may be dead. */
const LONG_POLL_TIMEOUT_MS = 120_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** What was recorded last is acknowledged while the service stops, for no longer than this. */
const FAREWELL_TIMEOUT_MS = 2_000;

/** A transmitter that does not hold its answers back is asked no more often. */
const MIN_PAUSE_MS = 1_000;

/** After failures it is asked after a second, two, four … up to five minutes, less up to a half by chance. */
const MIN_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 300_000;

/** RFC 8936, 2.3. What is beyond the limits comes again with the next answer. */
const pollAnswer = z.object({
  sets: z.record(z.string().max(MAX_ID_LENGTH), z.string()).default({}),
  moreAvailable: z.boolean().default(false),
});

/** What became of polled events, by `jti`; one that is in neither is delivered again. */
export interface PolledOutcome {
  recorded: readonly string[];
  refused: readonly (readonly [jti: string, code: SignalRefusalCode])[];
}

/** What {@link EventPoller} works with. */
export interface EventPollerOptions {
  poll: PollConfig;
  issuer: string;
  /** Takes in events by `jti`; resolves once those that hold are durable. */
  take: (events: readonly (readonly [jti: string, token: string])[]) => Promise<PolledOutcome>;
  log: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** How long to wait after the first failure. */
  minBackOffMs?: number;
}

/** How polling stands. */
export interface PollStatus {
  /** When the transmitter answered last, milliseconds since the epoch. */
  answeredMs: number | undefined;
  /** Why it failed since. */
  failure: string | undefined;
}

/**
 * Asks a transmitter for security events, RFC 8936: an event is acknowledged with the next request once its record is durable,
 * and so comes again until it is. What does not hold is answered with an error, which the transmitter takes as delivered.
 */
export class EventPoller {
  readonly #options: EventPollerOptions;
  readonly #stop: AbortController = new AbortController();
  readonly #acks: Set<string> = new Set();
  readonly #errors: Map<string, SignalRefusalCode> = new Map();
  #answeredMs: number | undefined;
  #failure: string | undefined;
  #failures = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(options: EventPollerOptions) {
    this.#options = options;
  }

  /** Begins to ask; nobody waits for the answer. */
  start(): void {
    this.#work = this.#run();
  }

  /** Asks no more, and acknowledges what is durable. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#work;
    if (this.#acks.size + this.#errors.size === 0) return;
    // Should it fail, they come again and are known.
    await this.#ask({ maxEvents: 0, isHeld: false, timeoutMs: FAREWELL_TIMEOUT_MS }).catch(() => undefined);
  }

  status(): PollStatus {
    return { answeredMs: this.#answeredMs, failure: this.#failure };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const waitMs = await this.#turn();
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** @returns how long to wait for the next one */
  async #turn(): Promise<number> {
    const { issuer, log, minBackOffMs = MIN_BACK_OFF_MS, now, poll, take } = this.#options;
    const { signal } = this.#stop;
    const isHeld = poll.everyMs === undefined;
    const beganMs = performance.now();
    try {
      const timeoutMs = isHeld ? LONG_POLL_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
      const { sets, moreAvailable } = await this.#ask({
        maxEvents: MAX_POLLED_EVENTS,
        isHeld,
        timeoutMs,
        signal,
      });
      const events = Object.entries(sets).slice(0, MAX_POLLED_EVENTS);
      const { recorded, refused } = await take(events);
      for (const jti of recorded) this.#acks.add(jti);
      for (const [jti, code] of refused) this.#errors.set(jti, code);
      this.#answeredMs = now();
      if (this.#failure !== undefined) log.info({ issuer }, 'a transmitter answers again');
      this.#failure = undefined;
      this.#failures = 0;
      // What could not be judged is asked for again, but not at once.
      if (recorded.length + refused.length > 0 || (moreAvailable && events.length === 0)) return 0;
      const leastMs = poll.everyMs ?? 0;
      return Math.max(leastMs, MIN_PAUSE_MS - (performance.now() - beganMs));
    } catch (error) {
      if (signal.aborted) return 0;
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) {
        log.warn(
          { err: error, issuer },
          'a transmitter could not be asked for security events; it is tried again',
        );
      }
      this.#failure = failure;
      const backOffMs =
        Math.min(MAX_BACK_OFF_MS, minBackOffMs * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
      return Math.max(
        backOffMs,
        error instanceof TooEarly ? Math.min(error.retryAfterMs, MAX_BACK_OFF_MS) : 0,
      );
    }
  }

  /**
   * Asks once, and tells what became of the events of the answers before. RFC 8936, 2.2
   *
   * @throws ExporterError `provider_unreachable`, `provider_refused`, `key_missing`
   */
  async #ask(question: {
    maxEvents: number;
    isHeld: boolean;
    timeoutMs: number;
    signal?: AbortSignal;
  }): Promise<z.infer<typeof pollAnswer>> {
    const { url, tokenFile } = this.#options.poll;
    const acks = [...this.#acks];
    const errors = [...this.#errors];
    const token = tokenFile === undefined ? undefined : await readSecret(tokenFile);
    const { status, value, retryAfterMs } = await askProvider({
      url,
      body: {
        maxEvents: question.maxEvents,
        returnImmediately: !question.isHeld,
        ...(acks.length > 0 && { ack: acks }),
        ...(errors.length > 0 && { setErrs: Object.fromEntries(errors.map(describeError)) }),
      },
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      timeoutMs: question.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal: question.signal ?? new AbortController().signal,
    });
    if (status < 200 || status > 299) throw refusal(url, status, retryAfterMs);
    const answer = pollAnswer.safeParse(value ?? {});
    if (!answer.success)
      throw unreachable(url, `answers what it should not: ${z.prettifyError(answer.error)}`);
    for (const jti of acks) this.#acks.delete(jti);
    for (const [jti] of errors) this.#errors.delete(jti);
    return answer.data;
  }
}

/** The transmitter said when to come again. */
class TooEarly extends ExporterError {
  readonly retryAfterMs: number;

  constructor(url: string, status: number, retryAfterMs: number) {
    super('provider_unreachable', `${url} answers ${status}`, { hint: 'It is asked again when it said.' });
    this.retryAfterMs = retryAfterMs;
  }
}

function refusal(url: string, status: number, retryAfterMs: number | undefined): ExporterError {
  if (retryAfterMs !== undefined) return new TooEarly(url, status, retryAfterMs);
  if (status >= 500 || status === 429) return unreachable(url, `answers ${status}`);
  return new ExporterError('provider_refused', `${url} answers ${status}`, {
    hint: 'Check the address of the stream, and the token in the file that providers names for it.',
  });
}

/** RFC 8936, 2.6 */
function describeError([jti, code]: readonly [string, SignalRefusalCode]): [string, object] {
  return [jti, { err: eventErrorCode(code), description: REFUSAL_MESSAGES[code] }];
}
