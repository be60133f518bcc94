import type { DerivedDraft } from '../derived-draft.ts';
import type { Outbox, RefusedDraft } from './outbox.ts';

/** Records of one message to the service; one message is on its way at a time. */
const MAX_DRAFTS_PER_MESSAGE = 256;

/** Who derives. */
export interface DerivingFollower {
  /** The first ledger index that it has not taken in. */
  position(): number;
  readonly outbox?: Outbox;
}

/** Sends what followers derived to the thread that writes the ledger, each record once in a run unless it could not be recorded. */
export class OutboxSender {
  readonly #followers: readonly DerivingFollower[];
  readonly #send: (drafts: DerivedDraft[]) => void;
  /** Undefined until the service says so: before, nobody knows what is durable. */
  #from: number | undefined;
  #underWay: { outbox: Outbox } | undefined;

  /** @param send - takes records away; {@link OutboxSender.settled} is called for them */
  constructor(followers: readonly DerivingFollower[], send: (drafts: DerivedDraft[]) => void) {
    this.#followers = followers;
    this.#send = send;
  }

  /** @param from - what a follower has to have taken in before it sends: the log's durable size at this start */
  start(from: number): void {
    this.#from = from;
    this.flush();
  }

  /** Sends what is there, unless something is on its way. To be called whenever a follower took something in. */
  flush(): void {
    if (this.#from === undefined || this.#underWay !== undefined) return;
    for (const follower of this.#followers) {
      const { outbox } = follower;
      if (outbox === undefined || follower.position() < this.#from) continue;
      const drafts = outbox.take(MAX_DRAFTS_PER_MESSAGE);
      if (drafts.length === 0) continue;
      this.#underWay = { outbox };
      this.#send(drafts);
      return;
    }
  }

  /**
   * What was sent is durable.
   *
   * @param answer - but these: what is to be sent again at the next {@link OutboxSender.flush}, and what the ledger can
   *   never take
   */
  settled({ again, refused }: { again: readonly string[]; refused: readonly RefusedDraft[] }): void {
    const sent = this.#underWay;
    this.#underWay = undefined;
    sent?.outbox.setAside(refused);
    if (again.length === 0) this.flush();
    else sent?.outbox.refuse(again);
  }
}
