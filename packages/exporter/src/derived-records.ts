import { isJsonObject } from '@spanledger/record';
import type { Logger } from 'pino';

import type { DerivedDraft } from './derived-draft.ts';

/** Where derived records go. */
export interface DerivedRecordsOptions {
  /** Resolves once they are durable; what it rejects is not in the ledger. */
  append: (drafts: readonly DerivedDraft[]) => Promise<void>;
  /** Has what is durable published at once: somebody is to be told of it. */
  hasten: () => void;
  /** Entries that are durable. */
  durableSize: () => number;
  log: Logger;
}

/** Appends what the followers derived, one message after the other. */
export class DerivedRecords {
  readonly #options: DerivedRecordsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #isFailing = false;
  #isStopped = false;

  constructor(options: DerivedRecordsOptions) {
    this.#options = options;
  }

  /** @returns true once they are durable; false if they are not in the ledger, and are to be sent again */
  take(drafts: readonly DerivedDraft[]): Promise<boolean> {
    const taken = this.#last.then(() => this.#append(drafts));
    this.#last = taken;
    return taken;
  }

  /** How much a follower has to have seen before it sends: with that, it knows all that became of what it sent before. */
  async startingSize(): Promise<number> {
    await this.#last;
    return this.#options.durableSize();
  }

  /** Takes no more; resolves once what was taken is durable or refused. What is left is sent after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#last;
  }

  async #append(drafts: readonly DerivedDraft[]): Promise<boolean> {
    if (this.#isStopped) return false;
    const { append, hasten, log } = this.#options;
    try {
      await append(drafts);
      if (drafts.some(isUrgent)) hasten();
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) {
        log.warn(
          { err: error },
          'what was derived from the records could not be recorded and is tried again',
        );
      }
      this.#isFailing = true;
      return false;
    }
  }
}

/** What a rule for alerts looks for as soon as it is there. */
const URGENT_ACTIONS: ReadonlySet<string> = new Set([
  'session.used_after_end',
  'token.refresh_reused',
  'token.scope_exceeded',
  'token.used_after_end',
]);

/** An alert, which is delivered once it is published, or what raises one. */
function isUrgent({ draft }: DerivedDraft): boolean {
  const { event } = draft.clear;
  if (!isJsonObject(event)) return false;
  const { action, kind } = event;
  return kind === 'alert' || (typeof action === 'string' && URGENT_ACTIONS.has(action));
}
