import { setTimeout as pause } from 'node:timers/promises';
import type { SpoolReader } from '../spool/spool-reader.ts';
import type { BackOff } from './back-off.ts';
import type { FromSender } from './messages.ts';
import type { Receiver } from './receiver.ts';
import type { RejectedStore } from './rejected-store.ts';

/** Requests are joined up to this size: far below what receivers take, large enough to compress well. */
export const MAX_REQUEST_BYTES: number = 2 * 1024 * 1024;

/** The spool is looked at this often even if nobody said that there is something new. */
export const POLL_MS = 1_000;

/** How often to look for folders whose process has gone: a sibling that crashed, say. */
export const ADOPT_EVERY_MS = 30_000;

/** What a sender works with. */
export interface SenderParts {
  /** The folder of this process. */
  readonly live: SpoolReader;
  /** Takes over the folders of processes that are gone, oldest first. */
  readonly adopt: () => readonly SpoolReader[];
  readonly receiver: Receiver;
  readonly rejected: RejectedStore;
  readonly backOff: BackOff;
  readonly report: (message: FromSender) => void;
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

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Something was appended. */
  wake(): void {
    this.#wake.call();
  }

  /**
   * Runs until `signal` ends it.
   *
   * @param signal - Ends the run; what is under way is finished or given up.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { live, now } = this.#parts;
    let adoptAt = now();
    while (!signal.aborted) {
      if (now() >= adoptAt) {
        await this.#drainAdopted(signal);
        adoptAt = now() + ADOPT_EVERY_MS;
      }
      await this.#drain(live, signal);
      await this.#wake.wait(POLL_MS, signal);
    }
  }

  async #drainAdopted(signal: AbortSignal): Promise<void> {
    for (const reader of this.#parts.adopt()) {
      this.#progress(reader.sizeBytes());
      await this.#drain(reader, signal);
      if (signal.aborted) return;
      this.#progress(-reader.remove());
    }
  }

  async #drain(reader: SpoolReader, signal: AbortSignal): Promise<void> {
    for (;;) {
      const batch = reader.next(MAX_REQUEST_BYTES);
      if (batch === undefined) return;
      await this.#deliver(batch.payloads, signal);
      if (signal.aborted) return;
      this.#progress(-reader.confirm(batch));
    }
  }

  /** Sends payloads as one request. If that is refused, each goes alone, so that only the culprit is set aside. */
  async #deliver(payloads: readonly Buffer[], signal: AbortSignal): Promise<void> {
    // Protobuf messages of one type, end to end, are that message with their lists joined.
    const request = payloads.length === 1 ? payloads[0] : Buffer.concat(payloads);
    if (request === undefined) return;
    const status = await this.#send(request, signal);
    if (status === undefined) return;
    if (payloads.length === 1) {
      this.#setAside(request, status);
      return;
    }
    for (const payload of payloads) {
      if (signal.aborted) return;
      await this.#deliver([payload], signal);
    }
  }

  /** Tries until the receiver takes the request, or refuses it for good: then its status is returned. */
  async #send(request: Buffer, signal: AbortSignal): Promise<number | undefined> {
    const { receiver, backOff, report } = this.#parts;
    while (!signal.aborted) {
      const delivery = await receiver.send(request);
      if (delivery.outcome === 'accepted' || delivery.outcome === 'rejected') {
        backOff.reset();
        return delivery.outcome === 'accepted' ? undefined : delivery.status;
      }
      report({ kind: 'unreachable' });
      report({
        kind: 'warning',
        code: `SPANLEDGER_RECEIVER_${delivery.cause.replaceAll(/\W+/g, '_').toUpperCase()}`,
        message: `Spanledger's receiver does not take records (${delivery.cause}). They wait in the spool and are sent when it does.`,
      });
      await pause(backOff.next(delivery.retryAfterMs), undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }

  #setAside(request: Buffer, status: number): void {
    const { rejected, report, now } = this.#parts;
    const oldestWent = rejected.keep(request, `${now()}-http-${status}`);
    report({
      kind: 'warning',
      code: `SPANLEDGER_REJECTED_${status}`,
      message: `Spanledger's receiver refused records with HTTP ${status}. They are in the folder "rejected" of the spool directory and are not sent again.`,
    });
    if (!oldestWent) return;
    report({
      kind: 'warning',
      code: 'SPANLEDGER_REJECTED_FULL',
      message:
        'Spanledger removed the oldest refused records: the folder "rejected" of the spool directory is full.',
    });
  }

  #progress(heldBytes: number): void {
    this.#parts.report({ kind: 'progress', heldBytes, confirmed: this.#parts.live.confirmed });
  }
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
