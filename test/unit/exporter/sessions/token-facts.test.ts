import type { AuditRecord, JsonObject } from '@spanledger/record';
import { describe, expect, it } from 'vitest';

import { actorEnd } from '../../../../packages/exporter/src/sessions/actor-end.ts';
import { tokenFacts } from '../../../../packages/exporter/src/sessions/token-facts.ts';

interface Sketch {
  action?: string;
  kind?: 'event' | 'state';
  duration?: number;
  status?: number;
  span?: string;
  reason?: string;
  actor?: 'service' | 'user';
  session?: string;
  oidc?: JsonObject;
}

function record(sketch: Sketch): AuditRecord & JsonObject {
  const { action = 'GET /orders', kind = 'event', duration, status, span = 'server', reason } = sketch;
  return {
    '@timestamp': '2026-11-02T09:00:00.5Z',
    audit: {
      action: 'READ',
      actor: { id: 'actor-ref', type: sketch.actor ?? 'user' },
      ledger: { index: 7, origin: 'log' },
      outcome: 'success',
      record: { id: 'id' },
      schema: { version: '1.0.0' },
      ...(sketch.session !== undefined && { session: { id: sketch.session } }),
    },
    ecs: { version: '9.1.0' },
    event: {
      action,
      category: ['web'],
      dataset: 'spanledger.audit',
      kind,
      module: 'spanledger',
      outcome: 'success',
      type: ['access'],
      ...(duration !== undefined && { duration }),
      ...(reason !== undefined && { reason }),
    },
    span: { id: 's', kind: span },
    ...(status !== undefined && { http: { response: { status_code: status } } }),
    oidc: { issuer: 'https://id.example', client_id: 'web', ...sketch.oidc },
  };
}

const opened = {
  identity: { salt: 's', value: { oidc: { token: { id: 'jti', previous_id: 'old' } } } },
  network: { salt: 's', value: { client: { address: '192.0.2.7' } } },
};

describe('tokenFacts', () => {
  it.each([
    [{ duration: 5 }, 'used'],
    [{ duration: 5, span: 'consumer' }, 'used'],
    [{ duration: 5, span: 'client' }, 'seen'],
    [{ duration: 5, status: 500 }, 'used'],
    [{ duration: 5, status: 401 }, 'seen'],
    [{ duration: 5, status: 403 }, 'seen'],
    [{ action: 'order.placed' }, 'seen'],
    [{ action: 'oidc.token.issued' }, 'issued'],
    [{ action: 'oidc.token.refreshed' }, 'refreshed'],
    [{ action: 'oidc.token.revoked' }, 'revoked'],
    [{ action: 'oidc.token.rejected' }, 'rejected'],
    [{ action: 'oidc.token.introspected' }, 'introspected'],
  ] as const)('of %j: the token was %s', (sketch, signal) => {
    expect(tokenFacts(record(sketch), opened)?.signal).toBe(signal);
  });

  it('takes what stands in the clear, and what is opened', () => {
    const oidc = {
      flow: 'code',
      requested_scope: ['a', 'b'],
      scope: ['a'],
      token: {
        type: 'access',
        issued_at: '2026-11-02T09:00:00Z',
        expires_at: '2026-11-02T09:05:00Z',
        seconds_left: 3,
      },
    };
    expect(tokenFacts(record({ session: 'ref', oidc }), opened)).toEqual({
      id: 'jti',
      previousId: 'old',
      signal: 'seen',
      time: '2026-11-02T09:00:00.500000000Z',
      actor: 'actor-ref',
      session: 'ref',
      issuer: 'https://id.example',
      client: 'web',
      type: 'access',
      flow: 'code',
      issuedAt: '2026-11-02T09:00:00.000000000Z',
      expiresAt: '2026-11-02T09:05:00.000000000Z',
      scopes: ['a'],
      requested: ['a', 'b'],
      secondsLeft: 3,
      address: '192.0.2.7',
      failed: false,
    });
  });

  it('is nothing where no token is named, or its name is erased, or the record is derived', () => {
    expect(tokenFacts(record({}), {})).toBeUndefined();
    expect(tokenFacts(record({}), { identity: { salt: 's', value: { user: { id: 'a' } } } })).toBeUndefined();
    expect(tokenFacts(record({ kind: 'state' }), opened)).toBeUndefined();
  });
});

describe('actorEnd', () => {
  it.each([
    ['oidc.session.ended', undefined, 'logged_out'],
    ['oidc.session.ended', 'backchannel_logout', 'logged_out'],
    ['oidc.session.ended', 'revoked', 'revoked'],
    ['oidc.session.ended', 'expiry', 'expired'],
    ['risc.account-disabled', undefined, 'revoked'],
    ['risc.sessions-revoked', undefined, 'revoked'],
  ])('%s for the reason %s ends sessions as %s', (action, reason, step) => {
    expect(
      actorEnd({
        index: 7,
        record: record({ action, ...(reason !== undefined && { reason }) }),
        openings: {},
      }),
    ).toMatchObject({
      actor: 'actor-ref',
      issuer: 'https://id.example',
      step: { step, index: 7, record: 'id' },
    });
  });

  it.each([
    ['of one session', { action: 'oidc.session.ended', session: 'ref' }],
    ['of a service', { action: 'oidc.session.ended', actor: 'service' }],
    ['of another event', { action: 'oidc.token.revoked' }],
    ['that only changes something', { action: 'risc.account-enabled' }],
  ] as const)('is none %s', (_, sketch) => {
    expect(actorEnd({ index: 7, record: record(sketch), openings: {} })).toBeUndefined();
  });
});
