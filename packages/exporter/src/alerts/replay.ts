import type { DatabaseSync } from 'node:sqlite';
import type { LedgerReader } from '@spanledger/ledger';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

import { createBlindKey } from '../blind-key.ts';
import { partyOf } from '../derived-draft.ts';
import type { FollowedRecord, FollowedRecords } from '../followed-records.ts';
import { inTransaction } from '../follower-database.ts';
import { alertId } from './alert-draft.ts';
import { AlertEngine } from './engine.ts';
import type { RaisedAlert } from './raised-alert.ts';
import { RecordClock } from './record-clock.ts';
import type { AlertRule } from './rule.ts';
import { KEY_STATES_SCHEMA, StoredKeyStates } from './stored-key-states.ts';

const BATCH_ENTRIES = 1024;
const MAX_KEYS = 100_000;

/** What rules are replayed over. */
export interface RuleReplay {
  rules: readonly AlertRule[];
  /** 32 bytes: the key that hides what rules keep. */
  key: Uint8Array;
  /** An empty database for what rules keep. */
  database: DatabaseSync;
  reader: LedgerReader;
  records: FollowedRecords;
  /** Milliseconds since the epoch. */
  nowMs: number;
  /** Told how many records of how many were looked at. */
  onProgress?: (done: number, all: number) => void;
}

/** An alert that is raised, and whom it is about. */
export interface Replayed {
  alert: RaisedAlert;
  /** `audit.alert.id`. */
  id: string;
  party: { user_id?: string; client_address?: string; session?: string };
}

/** Runs rules over a whole log from its beginning, as following it does. */
export async function* replayRules(replay: RuleReplay): AsyncGenerator<Replayed> {
  const { rules, key, database, reader, records, nowMs, onProgress } = replay;
  database.exec(KEY_STATES_SCHEMA);
  const blindKey = createBlindKey(key);
  const clock = new RecordClock();
  const states = new StoredKeyStates(database, MAX_KEYS, () => clock.nowMs);
  const engine = new AlertEngine(rules, {
    states,
    clock,
    hide: (kind, value) => blindKey.token(kind, value),
  });
  const { size } = await reader.checkpoint();
  const read = async (first: number, to: number): Promise<readonly FollowedRecord[]> => {
    const entries: Uint8Array[] = [];
    for await (const { bytes } of reader.entries(first, to)) entries.push(bytes);
    return await records.read({ first, entries });
  };
  const describe = async (alert: RaisedAlert, at?: FollowedRecord): Promise<Replayed> => {
    const { index } = alert.trigger;
    const [found] = at?.index === index ? [at] : await read(index, index + 1);
    return { alert, id: alertId(alert), party: found === undefined ? {} : partyNames(found) };
  };
  for (let first = 0; first < size; first += BATCH_ENTRIES) {
    const to = Math.min(size, first + BATCH_ENTRIES);
    for (const record of await read(first, to)) {
      for (const alert of engine.take(record)) yield await describe(alert, record);
    }
    inTransaction(database, () => {
      states.flush();
    });
    states.evict();
    onProgress?.(to, size);
  }
  for (const alert of engine.overdue(nowMs)) yield await describe(alert);
}

function partyNames({ record, openings }: FollowedRecord): Replayed['party'] {
  const { identity, network, sessionRef } = partyOf(record, openings);
  const user = textAt(identity, ['user', 'id']) ?? textAt(identity, ['enduser', 'id']);
  const address = textAt(network, ['client', 'address']);
  return {
    ...(user !== undefined && { user_id: user }),
    ...(address !== undefined && { client_address: address }),
    ...(sessionRef !== undefined && { session: sessionRef }),
  };
}

function textAt(object: JsonObject, path: readonly string[]): string | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
