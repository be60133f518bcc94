import { groupOfPath, isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import type { FollowedRecord } from '../../../packages/exporter/src/followed-records.ts';

/** Fields of a record by their names; those that stand in a group are committed, as the mapping does it. */
export type Fields = Readonly<Record<string, JsonValue>>;

/** Several records of one kind, as test data has them. */
export interface RecordSketch {
  /** When the first one was, after the beginning: `90s`, `10m`, `2h`, `3d`. */
  at?: string;
  /** How many there are. */
  times?: number;
  /** Time from one to the next. */
  every?: string;
  set?: Fields;
  /** Fields that are different in each. */
  vary?: string[];
}

/** When the first record was. */
export const BEGINNING_MS: number = Date.parse('2026-11-22T08:00:00.000Z');

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const USUAL: Fields = {
  'audit.action': 'READ',
  'audit.actor.id': 'actor-alice',
  'audit.actor.type': 'user',
  'audit.ledger.origin': 'shop',
  'audit.outcome': 'success',
  'audit.schema.version': '1.0.0',
  'ecs.version': '9.1.0',
  'event.action': 'GET /orders',
  'event.category': ['api'],
  'event.dataset': 'spanledger.audit',
  'event.kind': 'event',
  'event.module': 'spanledger',
  'event.outcome': 'success',
  'event.type': ['access'],
  'service.name': 'shop',
};

/** A record as followers have it: what a test says of it, and the rest as usual. */
export function followedRecord(index: number, timeMs: number, fields: Fields = {}): FollowedRecord {
  const groups: Record<string, JsonObject> = {};
  const record: JsonObject = {};
  const all: Fields = {
    ...USUAL,
    '@timestamp': new Date(timeMs).toISOString().replace('Z', '000000Z'),
    'audit.ledger.index': index,
    'audit.record.id': `record-${index}`,
    'trace.id': `trace-${index}`,
    ...fields,
  };
  for (const [name, value] of Object.entries(all)) {
    const path = name === '@timestamp' ? [name] : name.split('.');
    const group = groupOfPath(path);
    put(group === 'clear' ? record : (groups[group] ??= {}), path, value);
  }
  // Every required member stands above.
  const parsed: FollowedRecord['record'] = JSON.parse(JSON.stringify(record));
  return {
    index,
    record: parsed,
    openings: Object.fromEntries(
      Object.entries(groups).map(([group, value]) => [group, { salt: 'salt', value }]),
    ),
  };
}

/** The records of sketches, by time. */
export function sketchRecords(sketches: readonly RecordSketch[]): FollowedRecord[] {
  const made = sketches.flatMap(({ at = '0s', times = 1, every = '1s', set = {}, vary = [] }) =>
    Array.from({ length: times }, (_, i) => ({
      timeMs: BEGINNING_MS + msOf(at) + i * msOf(every),
      fields: {
        ...set,
        ...Object.fromEntries(vary.map((name) => [name, `${JSON.stringify(set[name] ?? name)}-${i}`])),
      },
    })),
  );
  return made
    .toSorted((a, b) => a.timeMs - b.timeMs)
    .map(({ timeMs, fields }, index) => followedRecord(index, timeMs, fields));
}

function msOf(text: string): number {
  return Number(text.slice(0, -1)) * (UNITS_MS[text.slice(-1)] ?? Number.NaN);
}

function put(into: JsonObject, path: readonly string[], value: JsonValue): void {
  let at = into;
  for (const name of path.slice(0, -1)) {
    const member = at[name];
    const next = isJsonObject(member) ? member : {};
    at[name] = next;
    at = next;
  }
  at[path.at(-1) ?? ''] = value;
}
