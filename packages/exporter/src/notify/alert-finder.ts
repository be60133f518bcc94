import { setTimeout as delay } from 'node:timers/promises';
import { ExporterError } from '../errors.ts';
import { parseOwnRecord } from '../followed-records.ts';
import type { FollowedBatch, Follower } from '../follower.ts';
import { mayBeAlert, readAlertFacts } from './alert.ts';
import { type DeliveryState, MAX_WAITING_ALERTS, type WaitingAlert } from './delivery-state.ts';

/** A position is stored at the latest after so many entries without an alert: to look at them again is cheap. */
const MAX_UNSTORED_ENTRIES = 65_536;

/** How long a batch waits where too many alerts do, before that is told of and tried again. */
const ROOM_WAIT_MS = 20_000;
const ROOM_POLL_MS = 500;

/** Follows the log for alerts, and keeps where they are. */
export class AlertFinder implements Follower {
  readonly name = 'delivery';
  readonly isUrgent = true;
  readonly #state: DeliveryState;
  readonly #onFound: () => void;
  readonly #stop: AbortController = new AbortController();
  #position: number;
  #stored: number;

  /** @param onFound - told that there are more */
  constructor(state: DeliveryState, onFound: () => void) {
    this.#state = state;
    this.#onFound = onFound;
    this.#position = state.position();
    this.#stored = this.#position;
  }

  position(): number {
    return this.#position;
  }

  async process({ first, entries }: FollowedBatch): Promise<void> {
    await this.#awaitRoom();
    const found = entries.flatMap((bytes, i): WaitingAlert[] => {
      if (!mayBeAlert(bytes)) return [];
      const index = first + i;
      const facts = readAlertFacts(parseOwnRecord(bytes, index));
      return facts === undefined ? [] : [{ index, ...facts }];
    });
    const position = first + entries.length;
    if (found.length > 0 || position - this.#stored >= MAX_UNSTORED_ENTRIES) {
      this.#state.take(found, position);
      this.#stored = position;
    }
    this.#position = position;
    if (found.length > 0) this.#onFound();
  }

  /** Stores the position; nothing is processed afterwards. */
  close(): void {
    this.#stop.abort();
    if (this.#position > this.#stored) this.#state.take([], this.#position);
    this.#stored = this.#position;
  }

  async #awaitRoom(): Promise<void> {
    const { signal } = this.#stop;
    const deadline = Date.now() + ROOM_WAIT_MS;
    while (this.#state.countWaiting() >= MAX_WAITING_ALERTS) {
      if (signal.aborted || Date.now() > deadline) {
        throw new ExporterError('service_busy', `${MAX_WAITING_ALERTS} alerts wait for a target`, {
          hint: 'spanledger doctor tells which target takes none; mend it, or take it out of alerts.deliver.',
        });
      }
      await delay(ROOM_POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
