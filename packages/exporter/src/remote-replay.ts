import { setTimeout as delay } from 'node:timers/promises';

import { isJsonObject, type JsonObject } from '@spanledger/record';

import { ExporterError } from './errors.ts';
import { readSeverity } from './remote-alerts.ts';
import { count, objects, optional, text, texts } from './remote-answers.ts';
import { RemoteClient, type RemoteArchiveOptions } from './remote-archive.ts';
import type { ReplayedAlert, ReplayRequest } from './replay-types.ts';

const POLL_MS = 150;

/** What is replayed by a service. */
export interface RemoteReplayOptions extends RemoteArchiveOptions, ReplayRequest {
  /** Told how many records of how many were looked at. */
  onProgress?: (done: number, all: number) => void;
}

/**
 * Has a service run rules over what it recorded, with the code that it runs. Nothing is recorded but the asking.
 *
 * @param url - the service's address, such as `http://127.0.0.1:4319`
 * @throws ExporterError `archive_unreachable`, `archive_refused`, `request_malformed` for rules with mistakes
 */
export async function* replayRemoteAlerts(
  url: string,
  options: RemoteReplayOptions,
): AsyncGenerator<ReplayedAlert> {
  const { sinceMs, untilMs, rules, onProgress } = options;
  const client = new RemoteClient(url, options);
  const begun = await client.post('api/alert-replays', {
    ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
    ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
    ...(rules !== undefined && { rules }),
  });
  const path = `api/alert-replays/${encodeURIComponent(text(isJsonObject(begun) ? begun : {}, 'id'))}`;
  for (let after = 0; ;) {
    const answer = await client.json(path, { after });
    after = count(answer, 'next');
    for (const alert of objects(answer, 'alerts')) yield readReplayed(alert);
    onProgress?.(count(answer, 'done'), count(answer, 'all'));
    const state = text(answer, 'state');
    if (state === 'done') return;
    if (state !== 'running') {
      throw new ExporterError('archive_refused', `the replay ${state}: ${text(answer, 'problem')}`);
    }
    if (objects(answer, 'alerts').length === 0) await delay(POLL_MS);
  }
}

function readReplayed(answer: JsonObject): ReplayedAlert {
  return {
    id: text(answer, 'id'),
    rule: text(answer, 'rule'),
    name: text(answer, 'name'),
    severity: readSeverity(answer),
    time: text(answer, 'time'),
    first: text(answer, 'first'),
    last: text(answer, 'last'),
    count: count(answer, 'count'),
    records: texts(answer, 'records'),
    ...optional(answer, 'user_id'),
    ...optional(answer, 'client_address'),
    ...optional(answer, 'session'),
    recorded: answer['recorded'] === true,
  };
}
