import type { AuditRecord, JsonObject } from '@spanledger/record';
import { describe, expect, it } from 'vitest';

import { sessionFacts } from '../../../../packages/exporter/src/sessions/session-facts.ts';

function record(action: string, fields: { reason?: string; oidc?: JsonObject } = {}): AuditRecord {
  return {
    '@timestamp': '2026-11-02T09:00:00.000000000Z',
    audit: {
      action: 'READ',
      actor: { id: 'actor-ref', type: 'user' },
      ledger: { index: 0, origin: 'log' },
      outcome: 'success',
      record: { id: 'id' },
      schema: { version: '1.0.0' },
      session: { id: 'session-ref' },
    },
    ecs: { version: '9.1.0' },
    event: {
      action,
      category: ['web'],
      dataset: 'spanledger.audit',
      kind: 'event',
      module: 'spanledger',
      outcome: 'failure',
      type: ['access'],
      ...(fields.reason !== undefined && { reason: fields.reason }),
    },
    service: { name: 'shop' },
    oidc: { client_id: 'web', issuer: 'https://id.example', ...fields.oidc },
  };
}

describe('sessionFacts', () => {
  it.each([
    [record('GET /orders'), 'seen'],
    [record('GET /orders', { oidc: { session: { state: 'active' } } }), 'seen'],
    [record('GET /orders', { oidc: { session: { state: 'refreshed' } } }), 'refreshed'],
    [record('GET /orders', { oidc: { session: { state: 'idle' } } }), 'idle'],
    [record('GET /logout', { oidc: { session: { state: 'logged_out' } } }), 'logged_out'],
    [record('oidc.session.started'), 'started'],
    [record('oidc.token.issued'), 'seen'],
    [record('oidc.token.refreshed'), 'refreshed'],
    [record('oidc.token.revoked', { oidc: { token: { type: 'access' } } }), 'seen'],
    [record('oidc.token.revoked', { oidc: { token: { type: 'refresh' } } }), 'revoked'],
    [record('oidc.session.ended'), 'logged_out'],
    [record('oidc.session.ended', { reason: 'logout' }), 'logged_out'],
    [record('oidc.session.ended', { reason: 'backchannel_logout' }), 'logged_out'],
    [record('oidc.session.ended', { reason: 'inactivity' }), 'expired'],
    [record('oidc.session.ended', { reason: 'expiry' }), 'expired'],
    [record('oidc.session.ended', { reason: 'revoked' }), 'revoked'],
  ] as const)('%# is %s', (entry, signal) => {
    expect(sessionFacts(entry, {})?.signal).toBe(signal);
  });

  it('takes references and clear values, and the sid only from what is opened', () => {
    const entry = record('GET /orders');
    expect(sessionFacts(entry, {})).toEqual({
      reference: 'session-ref',
      actor: 'actor-ref',
      time: '2026-11-02T09:00:00.000000000Z',
      signal: 'seen',
      failed: true,
      active: true,
      use: false,
      claimed: false,
      identity: 0,
      issuer: 'https://id.example',
      client: 'web',
      service: 'shop',
    });
    const value = { user: { id: 'alice', name: 'Alice' }, oidc: { session: { id: 'sid' } } };
    expect(sessionFacts(entry, { identity: { salt: 's', value } })).toMatchObject({
      sid: 'sid',
      identity: 2,
    });
  });

  it('is nothing for a record without a session', () => {
    const entry = record('GET /orders');
    const { session: _, ...audit } = entry.audit;
    expect(sessionFacts({ ...entry, audit }, {})).toBeUndefined();
  });
});
