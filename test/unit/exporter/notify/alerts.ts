import type { JsonObject } from '@spanledger/record';
import { type Alert, readAlert } from '../../../../packages/exporter/src/notify/alert.ts';

/** The document of an alert, as the ledger and the vault give it. */
export function alertDocument(more: JsonObject = {}): JsonObject {
  return {
    '@timestamp': '2026-11-22T10:00:05.000000000Z',
    audit: {
      action: 'ALERT',
      actor: { id: 'actor-ref', type: 'user' },
      alert: {
        count: 5,
        first: '2026-11-22T10:00:00.000000000Z',
        id: 'alert-1',
        last: '2026-11-22T10:00:04.000000000Z',
        severity: 'high',
        status: 'open',
      },
      ledger: { index: 41, origin: 'example.com/log' },
      record: { id: 'record-1' },
      session: { id: 'session-ref' },
    },
    event: { action: 'alert.raised', kind: 'alert', severity: 73 },
    message: 'five failed logins\nof <alice> "]\\ & co',
    rule: {
      description: 'Five failed logins in a minute.',
      id: 'failed-logins-per-user',
      name: 'Repeated failed logins of one user',
      version: '1',
    },
    threat: { framework: 'MITRE ATT&CK', technique: { id: ['T1110'] } },
    ...more,
  };
}

/** The same as it is told to targets. */
export function alert(more: JsonObject = {}): Alert {
  const read = readAlert(alertDocument(more));
  if (read === undefined) throw new Error('no alert');
  return read;
}
