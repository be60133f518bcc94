import { setTimeout as pause } from 'node:timers/promises';
import { countSpans, halveRequest } from '../otlp/request-reader.ts';
import type { SpoolCounters } from '../spool/spool-counters.ts';
import type { SpoolReader } from '../spool/spool-reader.ts';
import type { BackOff } from './back-off.ts';
import type { FromSender } from './messages.ts';
import type { Delivery, Receiver } from './receiver.ts';
import type { RejectedStore } from './rejected-store.ts';

/** What is kept to join requests in. */
const MIN_JOINED_BYTES = 512 * 1024;

/** Requests are joined up to this size: far below what receivers take, large enough to compress well. */
export const MAX_REQUEST_BYTES: number = 2 * 1024 * 1024;

/** The spool is looked at this often even if nobody said that there is something new. */
export const POLL_MS = 1_000;

/** How often to look for folders whose process has gone: a sibling that crashed, say. */
export const ADOPT_EVERY_MS = 30_000;

/**
 * Statuses that say something of what is in a request: bad data, or too much of it. Another division may be taken. Of one
 * bad span among five hundred, eighteen requests find it; a receiver that refuses everything is not asked for each.
 */
const DIVIDED_STATUSES: ReadonlySet<number> = new Set([400, 413, 422]);
export const MAX_DIVIDED_REQUESTS = 64;

/** So many refusals in a row say that it is the receiver; a few, that a few spans are bad. */
const MIN_TELLING_REQUESTS = 16;

/** A folder of a process that is gone. */
export interface AdoptedFolder {
  readonly reader: SpoolReader;
  /** What its process lost and could not report, as a request; read once everything else has arrived. */
  readonly lossReport: () => Buffer | undefined;
}

/** What a sender works with. */
export interface SenderParts {
  /** The folder of this process. */
  readonly live: SpoolReader;
  /** Takes over the folders of processes that are gone, oldest first. */
  readonly adopt: () => readonly AdoptedFolder[];
  readonly receiver: Receiver;
  readonly rejected: RejectedStore;
  readonly backOff: BackOff;
  readonly counters: SpoolCounters;
  readonly report: (message: FromSender) => void;
  /**
   * After a request the next one waits this long, unless there is a backlog, in milliseconds. A request costs
   * milliseconds of CPU, however little is in it.
   */
  readonly intervalMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Sends what is in the spool: in order, for ever, and removes only what the receiver has confirmed. What earlier
 * processes left comes first.
 */
export class Sender {
  readonly #parts: SenderParts;
  readonly #wake = new Wake();
  readonly #hurry = new Wake();
  /** Requests that were accepted. */
  #accepted = 0;
  /** Nothing of the last divided request was accepted, and nothing since: the next ones are not divided. */
  #refusesAll = false;
  #adoptAt = Number.NEGATIVE_INFINITY;
  /** Where payloads are joined. */
  #joined: Buffer = Buffer.alloc(0);

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Something was appended. */
  wake(): void {
    this.#wake.call();
  }

  /** Sends what is there now: there may be no later. */
  hurry(): void {
    this.#hurry.call();
    this.#wake.call();
  }

  /** Somebody left a folder: it is looked for as soon as what is under way is sent. */
  adoptSoon(): void {
    this.#adoptAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * Runs until `signal` ends it.
   *
   * @param signal - Ends the run; what is under way is finished or given up.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { live, counters, intervalMs, now } = this.#parts;
    while (!signal.aborted) {
      if (now() >= this.#adoptAt) {
        this.#adoptAt = now() + ADOPT_EVERY_MS;
        await this.#drainAdopted(signal);
      }
      const { appended } = counters;
      if (await this.#drain(live, signal)) {
        await this.#hurry.wait(intervalMs, signal);
        continue;
      }
      counters.noteSenderIdle();
      // What was appended since the spool was looked at, nobody tells.
      if (counters.appended === appended) await this.#wake.wait(POLL_MS, signal);
    }
  }

  async #drainAdopted(signal: AbortSignal): Promise<void> {
    const { adopt, counters } = this.#parts;
    const folders = adopt().map((folder) => ({ ...folder, bytes: folder.reader.sizeBytes() }));
    for (const { bytes } of folders) counters.noteAdopted(bytes);
    for (const { reader, lossReport, bytes } of folders) {
      await this.#drain(reader, signal);
      if (signal.aborted) return;
      if (reader.unreadable) {
        this.#warn('SPOOL_UNREADABLE', 'A part of the spool cannot be read. It is left for the next start.');
        continue;
      }
      const report = lossReport();
      if (report !== undefined) await this.#deliver([report], false, signal);
      if (signal.aborted) return;
      reader.remove();
      counters.noteAdopted(-bytes);
    }
  }

  /** Sends all that there is; whether there was anything. */
  async #drain(reader: SpoolReader, signal: AbortSignal): Promise<boolean> {
    const { live, counters, report } = this.#parts;
    const isLive = reader === live;
    for (let sent = false; ; sent = true) {
      const batch = reader.next(MAX_REQUEST_BYTES);
      if (batch === undefined) return sent;
      await this.#deliver(batch.payloads, isLive, signal);
      if (signal.aborted) return sent;
      const freed = reader.confirm(batch);
      // A folder that was taken over counts as long as it is there.
      if (isLive && freed > 0) counters.noteFreed(freed);
      report({ kind: 'progress', confirmed: live.confirmed });
    }
  }

  /** Sends payloads as one request. If that is refused, each goes alone, so that only the culprit is set aside. */
  async #deliver(payloads: readonly Buffer[], isLive: boolean, signal: AbortSignal): Promise<void> {
    const request = this.#join(payloads);
    const answer = await this.#send(request, signal);
    if (answer === undefined) return;
    if (answer.outcome === 'rejected' && payloads.length > 1) {
      for (const payload of payloads) {
        if (signal.aborted) return;
        await this.#deliver([payload], isLive, signal);
      }
      return;
    }
    const budget = { requestsLeft: this.#refusesAll ? 0 : MAX_DIVIDED_REQUESTS };
    const acceptedBefore = this.#accepted;
    await this.#settle(request, answer, isLive, signal, budget);
    const asked = this.#refusesAll ? 0 : MAX_DIVIDED_REQUESTS - budget.requestsLeft;
    if (asked >= MIN_TELLING_REQUESTS && this.#accepted === acceptedBefore) this.#refusesAll = true;
  }

  /** Protobuf messages of one type, end to end, are that message with their lists joined. */
  #join(payloads: readonly Buffer[]): Buffer {
    const [only] = payloads;
    if (payloads.length === 1 && only !== undefined) return only;
    const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
    // Answered, the one before is done with. A buffer of its own for each made the collector run for them alone.
    if (this.#joined.length < bytes) this.#joined = Buffer.allocUnsafeSlow(Math.max(bytes, MIN_JOINED_BYTES));
    let at = 0;
    for (const payload of payloads) at += payload.copy(this.#joined, at);
    return this.#joined.subarray(0, bytes);
  }

  /** What was refused goes again in halves, and of these what was refused: only the culprits are set aside. */
  async #settle(
    request: Buffer,
    answer: FinalDelivery,
    isLive: boolean,
    signal: AbortSignal,
    budget: { requestsLeft: number },
  ): Promise<void> {
    const { counters } = this.#parts;
    if (answer.outcome === 'accepted') {
      this.#accepted += 1;
      this.#refusesAll = false;
      const spans = countSpans(request);
      const refused = Math.min(answer.refusedSpans ?? 0, spans);
      if (refused > 0) this.#setAside(request, OK);
      counters.noteAnswered(spans - refused, true, isLive);
      counters.noteAnswered(refused, false, isLive);
      return;
    }
    const halves =
      DIVIDED_STATUSES.has(answer.status) && budget.requestsLeft > 0 ? halveRequest(request) : undefined;
    if (halves === undefined) {
      this.#setAside(request, answer.status);
      counters.noteAnswered(countSpans(request), false, isLive);
      return;
    }
    for (const half of halves) {
      budget.requestsLeft -= 1;
      const next = await this.#send(half, signal);
      if (next === undefined) return;
      await this.#settle(half, next, isLive, signal, budget);
      if (signal.aborted) return;
    }
  }

  /** Tries until the receiver takes the request, or refuses it for good; undefined when `signal` ended it. */
  async #send(request: Buffer, signal: AbortSignal): Promise<FinalDelivery | undefined> {
    const { receiver, backOff, report } = this.#parts;
    while (!signal.aborted) {
      const begun = performance.now();
      const delivery = await receiver.send(request);
      report({ kind: 'attempt', durationMs: performance.now() - begun, error: errorOf(delivery) });
      if (delivery.outcome !== 'postponed') {
        backOff.reset();
        return delivery;
      }
      report({ kind: 'unreachable' });
      this.#warn(
        `RECEIVER_${delivery.cause.replaceAll(/\W+/g, '_').toUpperCase()}`,
        `The receiver does not take records (${delivery.cause}). They wait in the spool and are sent when it does.`,
      );
      await pause(backOff.next(delivery.retryAfterMs), undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }

  #setAside(request: Buffer, status: number): void {
    const { rejected, now } = this.#parts;
    const oldestWent = rejected.keep(request, `${now()}-http-${status}-${process.pid}`);
    if (oldestWent === undefined) {
      this.#warn(
        'REJECTED_LOST',
        `The receiver refused records with HTTP ${status}, and the folder "rejected" of the spool directory could not take them. They are gone.`,
      );
      return;
    }
    this.#warn(
      `REJECTED_${status}`,
      status === OK
        ? 'The receiver refused some of the records of a request and took the others, without saying which. The request is in the folder "rejected" of the spool directory and is not sent again.'
        : `The receiver refused records with HTTP ${status}. They are in the folder "rejected" of the spool directory and are not sent again.`,
    );
    if (oldestWent) {
      this.#warn(
        'REJECTED_FULL',
        'The oldest refused records were removed: the folder "rejected" of the spool directory is full.',
      );
    }
  }

  #warn(code: string, message: string): void {
    this.#parts.report({ kind: 'warning', code: `SPANLEDGER_${code}`, message: `Spanledger: ${message}` });
  }
}

/** Of a request that was taken in part. */
const OK = 200;

type FinalDelivery = Exclude<Delivery, { outcome: 'postponed' }>;

/** A word for `error.type`, as metrics have it. */
function errorOf(delivery: Delivery): string | undefined {
  if (delivery.outcome === 'accepted') return undefined;
  return delivery.outcome === 'rejected' ? String(delivery.status) : delivery.cause.replace(/^HTTP /, '');
}

/** A call that is remembered until somebody waits for it. */
class Wake {
  #called = false;
  #resume: (() => void) | undefined;

  call(): void {
    this.#called = true;
    this.#resume?.();
  }

  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#called && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#resume = () => {
        resolve(undefined);
      };
      const timer = setTimeout(this.#resume, timeoutMs);
      signal.addEventListener('abort', this.#resume, { once: true });
      await promise;
      clearTimeout(timer);
      signal.removeEventListener('abort', this.#resume);
      this.#resume = undefined;
    }
    this.#called = false;
  }
}
