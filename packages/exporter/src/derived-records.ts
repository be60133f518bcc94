import { isJsonObject } from '@spanledger/record';
import type { Logger } from 'pino';

import { SEVERITY_SCORES } from './alerts/index.ts';
import type { DerivedDraft } from './derived-draft.ts';
import { ExporterError } from './errors.ts';
import { type Sample, series } from './gauges.ts';
import type { RefusedDraft } from './outbox/index.ts';
import type { Trouble } from './trouble.ts';

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

/** What became of derived records. */
export interface DerivedAnswer {
  /** Ids of those that are not in the ledger, and are to be sent again. */
  again: string[];
  refused: RefusedDraft[];
}

/** What derived records may want an operator for. */
export type DerivedWarningCode = 'derived_refused';

/** Appends what the followers derived, one message after the other. */
export class DerivedRecords {
  readonly #options: DerivedRecordsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #isFailing = false;
  #isStopped = false;
  #refused = 0;
  readonly #raised: Map<number, number> = new Map();

  constructor(options: DerivedRecordsOptions) {
    this.#options = options;
  }

  take(drafts: readonly DerivedDraft[]): Promise<DerivedAnswer> {
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

  /** What an operator should see to. */
  warnings(): (Trouble & { code: DerivedWarningCode })[] {
    if (this.#refused === 0) return [];
    return [
      {
        code: 'derived_refused',
        message: `${this.#refused} records that the service derived could not be written, and are set aside`,
        hint: 'spanledger doctor names them, and the log says why.',
      },
    ];
  }

  /** The same for a monitor, and how many alerts there were. */
  metrics(): string[] {
    const raised = Object.entries(SEVERITY_SCORES).map(([severity, score]): Sample => {
      return [{ severity }, this.#raised.get(score) ?? 0];
    });
    return [
      ...series(
        'counter',
        'spanledger_alerts_raised_total',
        'Alerts that were raised since the start.',
        raised,
      ),
      ...series(
        'counter',
        'spanledger_derived_refused_total',
        'Derived records that the ledger can never take, since the start.',
        [[{}, this.#refused]],
      ),
    ];
  }

  async #append(drafts: readonly DerivedDraft[]): Promise<DerivedAnswer> {
    const answer: DerivedAnswer = { again: [], refused: [] };
    if (this.#isStopped) answer.again.push(...drafts.map(({ draft }) => draft.id));
    else await this.#appendSound(drafts, answer);
    return answer;
  }

  /** Appends all that the ledger takes: where it refuses some for what they are, their halves are tried. */
  async #appendSound(drafts: readonly DerivedDraft[], answer: DerivedAnswer): Promise<void> {
    const { append, hasten, log } = this.#options;
    try {
      await append(drafts);
      if (drafts.some(isUrgent)) hasten();
      this.#count(drafts);
      this.#isFailing = false;
    } catch (error) {
      const [only] = drafts;
      if (!isRefusal(error) || only === undefined) {
        if (!this.#isFailing)
          log.warn(
            { err: error },
            'what was derived from the records could not be recorded and is tried again',
          );
        this.#isFailing = true;
        answer.again.push(...drafts.map(({ draft }) => draft.id));
      } else if (drafts.length === 1) {
        const { id } = only.draft;
        log.error(
          { err: error, record: id },
          'a record that was derived cannot be written, and is set aside',
        );
        this.#refused++;
        answer.refused.push({ id, reason: error.message });
      } else {
        const middle = drafts.length >> 1;
        await this.#appendSound(drafts.slice(0, middle), answer);
        await this.#appendSound(drafts.slice(middle), answer);
      }
    }
  }

  #count(drafts: readonly DerivedDraft[]): void {
    for (const { draft } of drafts) {
      const { event } = draft.clear;
      if (!isJsonObject(event) || event['action'] !== 'alert.raised') continue;
      const score = Number(event['severity']);
      this.#raised.set(score, (this.#raised.get(score) ?? 0) + 1);
    }
  }
}

/** True for what is wrong with a record itself, and is so the next time. */
function isRefusal(error: unknown): error is ExporterError {
  return (
    error instanceof ExporterError &&
    (error.code === 'request_malformed' || error.code === 'request_too_large')
  );
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
