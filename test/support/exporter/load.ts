import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { publishedEntries, sendTraces } from './service.ts';
import { createSender, sessionAttributes, toProtobuf, type Sender } from './spans.ts';

const SPANS_PER_REQUEST = 20;
const RETRY_MS = 5;
/** A request that nobody answers is sent again: a service that can open nothing more accepts no connection. */
const ANSWER_TIMEOUT_MS = 10_000;

/** One application that sends. */
export interface LoadSender {
  /** Whose sessions its spans are of. */
  person: string;
  sender: Sender;
  /** How many spans have been acknowledged. */
  acknowledged: number;
}

/** Where spans go; its URL is undefined while nobody listens. */
export interface LoadTarget {
  readonly url: string | undefined;
}

/** Several applications that send to a service, each request again and again until it is acknowledged. */
export class Load {
  readonly #service: LoadTarget;
  readonly #senders: LoadSender[];
  readonly #spansPerRequest: number;
  #stop: AbortController | undefined;
  #sending: Promise<void[]> | undefined;
  #pause: PromiseWithResolvers<void> | undefined;
  #underWay = 0;

  constructor(service: LoadTarget, senders: number, spansPerRequest = SPANS_PER_REQUEST) {
    this.#service = service;
    this.#spansPerRequest = spansPerRequest;
    this.#senders = Array.from({ length: senders }, (_, i) => ({
      person: `person ${i}`,
      sender: createSender(`shop ${i}`),
      acknowledged: 0,
    }));
  }

  /** Who has sent, and how many spans of each have been acknowledged: the first ones. */
  get senders(): readonly LoadSender[] {
    return this.#senders;
  }

  /** How many spans have been acknowledged. */
  get acknowledged(): number {
    return this.#senders.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Begins to send. */
  start(): void {
    const stop = new AbortController();
    this.#stop = stop;
    this.#sending = Promise.all(this.#senders.map((one) => this.#sendAll(one, stop.signal)));
  }

  /** Sends nothing more for a while; resolves once what is under way has been answered. */
  async pause(): Promise<void> {
    this.#pause = Promise.withResolvers();
    while (this.#underWay > 0) await delay(RETRY_MS);
  }

  /** Goes on after a {@link pause}. */
  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  /**
   * Ends the sending. What is not acknowledged by now is sent on for as long as the service listens, so that it is known
   * of every span but the last ones of a service that was killed whether it has to be there.
   */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#sending;
  }

  async #sendAll(one: LoadSender, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const spans = Array.from({ length: this.#spansPerRequest }, () =>
        one.sender.span({ attributes: sessionAttributes(one.person, `of ${one.person}`) }),
      );
      const body = toProtobuf(spans);
      while (!(await this.#isAcknowledged(body))) {
        if (stop.aborted && this.#service.url === undefined) return;
        await delay(RETRY_MS);
      }
      one.acknowledged += spans.length;
    }
  }

  async #isAcknowledged(body: Uint8Array): Promise<boolean> {
    await this.#pause?.promise;
    const { url } = this.#service;
    if (url === undefined) return false;
    this.#underWay++;
    try {
      return (await sendTraces(url, body, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })).status === 200;
    } catch {
      return false;
    } finally {
      this.#underWay--;
    }
  }
}

/**
 * Demands of a data directory that nobody writes: each acknowledged span is there, in its order, none twice, one person in
 * one reference.
 *
 * @param isSentInOrder - false where what stands between sends several requests of one sender at once
 */
export async function expectSpansKept(
  { senders }: Load,
  directory: string,
  isSentInOrder = true,
): Promise<void> {
  const numbers = new Map<string, number[]>();
  const references = new Map<string, Set<string>>();
  for await (const entry of publishedEntries(directory)) {
    const { sequence, actor } = JSON.parse(JSON.stringify(entry['audit']));
    // What follows from the spans has no producer's number.
    if (sequence === undefined) continue;
    const recorded = numbers.get(sequence.stream_id);
    if (recorded === undefined) numbers.set(sequence.stream_id, [sequence.number]);
    else recorded.push(sequence.number);
    references.set(sequence.stream_id, (references.get(sequence.stream_id) ?? new Set()).add(actor.id));
  }
  for (const { sender, acknowledged } of senders) {
    const recorded = numbers.get(sender.streamId) ?? [];
    const known = new Set(recorded);
    expect(known.size, 'nothing twice').toBe(recorded.length);
    const late = recorded.filter((number, i) => isSentInOrder && number < (recorded[i - 1] ?? 0));
    expect(late, 'in the order of the producer').toEqual([]);
    const missing = Array.from({ length: acknowledged }, (_, n) => n + 1).filter((n) => !known.has(n));
    expect(missing, 'nothing lost').toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
    expect(references.get(sender.streamId)?.size, 'one person, one reference').toBe(1);
  }
}
