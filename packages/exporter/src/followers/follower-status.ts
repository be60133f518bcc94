import type { Logger } from 'pino';
import type { TargetStatus } from '../notify/index.ts';
import type { IndexFollowerStatus, IndexNotice } from '../search/elasticsearch/index.ts';
import type { ElasticsearchStatus } from './messages.ts';

/** What the threads of the followers said of themselves last; what changes is logged. */
export class FollowerStatus {
  readonly #log: Logger;
  #index: IndexFollowerStatus | undefined;
  #alertsIndex: IndexFollowerStatus | undefined;
  #targets: readonly TargetStatus[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** How the index in Elasticsearch is; undefined where there is none, or nothing was heard of it yet. */
  get index(): ElasticsearchStatus | undefined {
    const [status, alerts] = [this.#index, this.#alertsIndex];
    return status && { ...status, ...(alerts !== undefined && { alerts }) };
  }

  /** How the targets of alerts are; none before anything was heard of them. */
  get targets(): readonly TargetStatus[] {
    return this.#targets;
  }

  hearIndex(status: IndexFollowerStatus): void {
    const log = this.#log;
    const before = this.#index?.trouble?.code;
    this.#index = status;
    const { trouble, position, deadLetters } = status;
    if (trouble?.code === before) return;
    if (trouble === undefined) log.info({ position, deadLetters }, 'indexing into Elasticsearch goes on');
    else {
      const { code, message, hint } = trouble;
      log.warn({ code, hint, position }, `indexing into Elasticsearch waits and is tried again: ${message}`);
    }
  }

  hearAlertsIndex(status: IndexFollowerStatus): void {
    this.#alertsIndex = status;
  }

  hearNotice(notice: IndexNotice): void {
    this.#log.warn(describeNotice(notice));
  }

  hearTargets(statuses: readonly TargetStatus[]): void {
    const log = this.#log;
    const before = new Map(this.#targets.map(({ name, trouble }) => [name, trouble]));
    this.#targets = statuses;
    for (const { name: target, trouble, waiting } of statuses) {
      if ((trouble === undefined) === (before.get(target) === undefined)) continue;
      if (trouble === undefined) log.info({ target, waiting }, 'delivering alerts goes on');
      else log.warn({ target, waiting, reason: trouble }, 'delivering alerts failed and is tried again');
    }
  }

  hearCutBack(): void {
    this.#log.warn(
      'the ledger is shorter than what alerts were delivered from: it was restored from an older copy, or cut back; alerts are delivered from its end on',
    );
  }
}

/** Says what happened to the index in Elasticsearch. */
function describeNotice(notice: IndexNotice): string {
  if (notice.kind === 'begun_anew') {
    return `everything is indexed into Elasticsearch anew: ${notice.because}`;
  }
  const { position, size } = notice;
  return `the index in Elasticsearch has taken in ${position} records, the ledger has ${size}: the ledger was restored from an older copy, or cut back`;
}
