import { DatabaseSync } from 'node:sqlite';
import type { AuditRecord, JsonObject } from '@spanledger/record';
import {
  AbsenceWatch,
  type AbsenceLimits,
} from '../../../../packages/exporter/src/completeness/absence-watch.ts';
import {
  PARTICIPATIONS_SCHEMA,
  ParticipationTable,
} from '../../../../packages/exporter/src/completeness/participation-table.ts';
import {
  PRODUCERS_SCHEMA,
  ProducerTable,
} from '../../../../packages/exporter/src/completeness/producer-table.ts';
import { SequenceFollower } from '../../../../packages/exporter/src/completeness/sequence-follower.ts';
import {
  type SessionCompleteness,
  sessionCompleteness,
} from '../../../../packages/exporter/src/completeness/session-completeness.ts';
import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';
import { inTransaction } from '../../../../packages/exporter/src/transaction.ts';
import { Outbox, OUTBOX_SCHEMA } from '../../../../packages/exporter/src/outbox/index.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';

const SEALER = createRowSealer(new Uint8Array(32).fill(3), 'test');
export const LIMITS: AbsenceLimits = { graceMs: 1000, silenceMs: 60_000 };

/** What a test says of a span. */
export interface SpanSketch {
  stream: string;
  number: number;
  /** Tells two spans with one number apart. */
  id?: string;
  session?: string;
  service?: string;
  instance?: string;
  /** The lifecycle event on the span: `audit.producer.ended`, say. */
  event?: string;
  lost?: { first: number; last: number; count: number };
}

/** The records of a log, and what follows them. */
export class SequenceWorld {
  readonly log: FollowedRecord[];
  readonly #database = new DatabaseSync(':memory:');
  readonly #follower: SequenceFollower;
  readonly #outbox: Outbox;
  #position = 0;
  nowMs = 1_000_000;

  constructor(
    log: FollowedRecord[] = [],
    { maxProducers, ...limits }: Partial<AbsenceLimits> & { maxProducers?: number } = {},
  ) {
    this.log = log;
    this.#database.exec(PRODUCERS_SCHEMA + PARTICIPATIONS_SCHEMA + OUTBOX_SCHEMA);
    this.#outbox = new Outbox(this.#database, 'completeness', SEALER);
    this.#follower = new SequenceFollower({
      producers: new ProducerTable(this.#database),
      participations: new ParticipationTable(this.#database, false),
      outbox: this.#outbox,
      watch: new AbsenceWatch({ ...LIMITS, ...limits }),
      ...(maxProducers !== undefined && { maxProducers }),
    });
  }

  /** A span comes, and the event on it. */
  arrive({ stream, number, id = `t-${number}-${stream}`, event, lost, ...rest }: SpanSketch): void {
    this.#append(recordOf({ stream, number, id, ...rest }));
    if (event !== undefined || lost !== undefined) {
      const action = event ?? 'audit.records.lost';
      this.#append(recordOf({ stream, number, id: `${id}-e1`, ...rest, action, ...(lost && { lost }) }));
    }
  }

  /** The audit policy leaves numbers out, and says so. */
  skip(stream: string, numbers: number[]): void {
    const id = `policy-${this.log.length}`;
    this.#append({
      '@timestamp': '2026-11-22T10:00:00.000000000Z',
      audit: { record: { id }, policy: { skipped: { stream_id: stream, numbers } } },
      event: { action: 'policy.skipped', kind: 'event' },
    });
  }

  /** Follows all that is there, so many at a time, and appends what comes of it, until nothing more does. */
  follow(batch: () => number = () => 4096, answer = true): void {
    for (;;) {
      while (this.#position < this.log.length) {
        const records = this.log.slice(this.#position, this.#position + batch());
        inTransaction(this.#database, () => {
          this.#follower.take(records);
        });
        this.#position += records.length;
      }
      if (!answer) return;
      const drafts = this.#outbox.take(1000);
      if (drafts.length === 0) return;
      for (const { draft } of drafts) this.#append({ ...draft.clear });
    }
  }

  /** Time goes by: the follower is told, and what it says is followed. */
  wait(ms: number): void {
    this.nowMs += ms;
    inTransaction(this.#database, () => {
      this.#follower.look(this.nowMs);
    });
    this.follow();
  }

  /** What the service said about producers, as `action stream first-last`. */
  get said(): string[] {
    return this.states.map(({ event, audit }) => {
      const { stream_id: stream, first, last, count, previous } = audit.producer ?? { stream_id: '' };
      const range = [first, last].filter((number) => number !== undefined).join('-');
      const more = previous ?? (event.action === 'producer.duplicate' ? `x${count}` : '');
      return [event.action.replace('producer.', ''), stream, range, more]
        .filter((part) => part !== '')
        .join(' ');
    });
  }

  get states(): AuditRecord[] {
    return this.log.map(({ record }) => record).filter(({ event }) => event.kind === 'state');
  }

  /** What waits to be recorded. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /** Everything that is stored about producers and sessions. */
  dump(): unknown[] {
    return ['producers', 'participations'].map((table) =>
      this.#database
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => ({ ...row })),
    );
  }

  completeness(session: string): SessionCompleteness {
    const producers = new ProducerTable(this.#database);
    return sessionCompleteness(
      new ParticipationTable(this.#database, true).of(session),
      (stream) => producers.find(stream),
      this.#position,
    );
  }

  #append(record: JsonObject): void {
    // A record of the log has more members; none of them matters here.
    const parsed: FollowedRecord['record'] = JSON.parse(JSON.stringify(record));
    this.log.push({ index: this.log.length, record: parsed, openings: {} });
  }
}

function recordOf(sketch: Omit<SpanSketch, 'event'> & { id: string; action?: string }): JsonObject {
  const { stream, number, id, session, service = 'shop', instance, action = 'GET /', lost } = sketch;
  return {
    '@timestamp': '2026-11-22T10:00:00.000000000Z',
    audit: {
      record: { id },
      ...(stream !== '' && { sequence: { stream_id: stream, number } }),
      ...(session !== undefined && { session: { id: session } }),
      ...(lost !== undefined && { lost }),
    },
    event: { action, kind: 'event', ...(lost !== undefined && { reason: 'spool_full' }) },
    service: { name: service, ...(instance !== undefined && { node: { name: instance } }) },
    span: { id: id.slice(0, 8), kind: 'server' },
  };
}
