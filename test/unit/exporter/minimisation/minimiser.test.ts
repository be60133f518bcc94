import { createSecretKey } from 'node:crypto';
import type { RecordDraft } from '@spanledger/record';
import { describe, expect, test } from 'vitest';
import {
  Minimiser,
  type MinimisationConfig,
  type Quarantined,
} from '../../../../packages/exporter/src/minimisation/index.ts';

const KEY = createSecretKey(Buffer.alloc(32, 7));
const OTHER_KEY = createSecretKey(Buffer.alloc(32, 8));
const NOTHING: MinimisationConfig = { fields: [], quarantine: false, quarantineExcept: [] };

function draft(): RecordDraft {
  return {
    id: 'record-1',
    subject: { issuer: 'https://id.example', id: 'alice', type: 'user' },
    session: { issuer: 'https://id.example', id: 'sid-1' },
    clear: {
      audit: { action: 'READ', target: { id: '/people/:id', type: 'http.route' } },
      event: { action: 'GET /people/:id' },
      http: { route: '/people/:id' },
      oidc: { client_id: 'shop-web', issuer: 'https://id.example' },
      service: { name: 'shop' },
    },
    groups: {
      identity: {
        user: { id: 'alice', email: 'alice@example.com', roles: ['admin', 'staff'] },
        oidc: { session: { id: 'sid-1' }, claims: { dept: 'sales' } },
      },
      network: { client: { address: '192.0.2.7', port: 4711 }, user_agent: { original: 'Firefox' } },
      content: { url: { query: 'q=1' }, attributes: { 'order.note': 'call me', 'order.id': 7 } },
    },
  };
}

function minimise(config: Partial<MinimisationConfig>, made = draft(), key = KEY): RecordDraft {
  new Minimiser({ ...NOTHING, ...config }, key, () => undefined).minimise(made);
  return made;
}

const redacted = ({ clear }: RecordDraft): unknown => Reflect.get(Object(clear['audit']), 'redacted');

describe('rules for fields', () => {
  test('without one a record stays as it is', () => {
    expect(minimise({})).toEqual(draft());
  });

  test('an address is truncated, and what is no address is gone', () => {
    const made = minimise({ fields: [{ fields: ['client.address', 'client.port'], action: 'truncate' }] });
    expect(made.groups.network).toMatchObject({ client: { address: '192.0.2.0' } });
    expect(JSON.stringify(made.groups.network)).not.toContain('4711');
    expect(redacted(made)).toEqual(['client.address', 'client.port']);
  });

  test('what is dropped is gone, whole groups too, and named', () => {
    const made = minimise({
      fields: [
        { fields: ['attributes.order.note', 'user.email'], action: 'drop' },
        { fields: ['network'], action: 'drop' },
      ],
    });
    expect(made.groups.network).toBeUndefined();
    expect(made.groups.content).toEqual({ url: { query: 'q=1' }, attributes: { 'order.id': 7 } });
    expect(JSON.stringify(made)).not.toContain('alice@');
    // Names of attributes come from outside, and may say something.
    expect(redacted(made)).toEqual([
      'attributes',
      'client.address',
      'client.port',
      'user.email',
      'user_agent.original',
    ]);
  });

  test('a pseudonym is the same each time, another with another key or in another field, and not the value', () => {
    const rule = { fields: ['user.email', 'attributes.order.note'], action: 'pseudonymise' } as const;
    const once = minimise({ fields: [rule] });
    const text = JSON.stringify(once);
    expect(text).not.toContain('alice@example.com');
    expect(text).not.toContain('call me');
    expect(minimise({ fields: [rule] })).toEqual(once);
    expect(minimise({ fields: [rule] }, draft(), OTHER_KEY)).not.toEqual(once);
    expect(minimise({ fields: [rule] }, structuredClone(once))).toEqual(once);
  });

  test('a user who is pseudonymised acts under the pseudonym', () => {
    const made = minimise({ fields: [{ fields: ['user.id', 'oidc.session.id'], action: 'pseudonymise' }] });
    expect(made.groups.identity).toMatchObject({
      user: { id: made.subject?.id },
      oidc: { session: { id: made.session?.id } },
    });
    expect(made.subject?.id).toMatch(/^pseudonym:/);
    expect(made.session?.id).toMatch(/^pseudonym:/);
    expect(made.subject?.id).not.toBe(made.session?.id);
  });

  test('the first rule about a field counts', () => {
    const made = minimise({
      fields: [
        { fields: ['user.id', 'user.roles'], action: 'keep' },
        { fields: ['user.*'], action: 'drop' },
        { fields: ['user.roles'], action: 'drop' },
      ],
    });
    expect(made.groups.identity).toMatchObject({ user: { id: 'alice', roles: ['admin', 'staff'] } });
    expect(redacted(made)).toEqual(['user.email']);
  });

  test.each([
    ['this service', { services: ['shop'] }, true],
    ['another service', { services: ['stock'] }, false],
    ['this route', { routes: ['/people/*'] }, true],
    ['another route', { routes: ['/orders/*', '/people'] }, false],
    ['this service and another route', { services: ['shop'], routes: ['/orders/*'] }, false],
  ])('a rule for %s', (_, scope, applies) => {
    const made = minimise({ fields: [{ fields: ['user.email'], action: 'drop', ...scope }] });
    expect(JSON.stringify(made).includes('alice@')).toBe(!applies);
  });

  test('records that share a value each have their own', () => {
    const roles = ['admin'];
    const [one, other] = [draft(), draft()];
    for (const made of [one, other]) Object.assign(Object(made.groups.identity?.['user']), { roles });
    minimise({ fields: [{ fields: ['user.roles'], action: 'pseudonymise' }] }, one);
    expect(roles).toEqual(['admin']);
    expect(other.groups.identity).toMatchObject({ user: { roles: ['admin'] } });
  });
});

describe('quarantine', () => {
  const EMAIL = 'bob@example.com';

  function suspicious(): RecordDraft {
    const made = draft();
    Object.assign(made.clear, {
      event: { action: `GET /people/${EMAIL}` },
      http: { route: `/people/${EMAIL}` },
      audit: { action: 'READ', target: { id: `/people/${EMAIL}`, type: 'http.route' } },
    });
    return made;
  }

  test('moves what looks personal from the clear to the committed group, wherever it stands', () => {
    const found: Quarantined[] = [];
    const minimiser = new Minimiser({ ...NOTHING, quarantine: true }, KEY, (one) => found.push({ ...one }));
    const made = suspicious();
    minimiser.minimise(made);
    expect(JSON.stringify(made.clear)).not.toContain(EMAIL);
    expect(made.clear['event']).toEqual({ action: 'quarantined' });
    expect(made.groups.content?.['attributes']).toMatchObject({
      'http.route': `/people/${EMAIL}`,
      'event.action': `GET /people/${EMAIL}`,
      'order.id': 7,
    });
    expect(redacted(made)).toEqual(['audit.target.id', 'event.action', 'http.route']);
    expect(found.map(({ field, kind }) => `${field} ${kind}`).toSorted()).toEqual([
      'audit.target.id email',
      'event.action email',
      'http.route email',
    ]);
    minimiser.minimise(suspicious());
    expect(found).toHaveLength(3);
    expect(minimiser.quarantined.map(({ count }) => count)).toEqual([2, 2, 2]);
  });

  test('leaves what looks like nothing', () => {
    expect(minimise({ quarantine: true })).toEqual(draft());
  });

  test('only tells of what names whose record it is', () => {
    const found: string[] = [];
    const minimiser = new Minimiser({ ...NOTHING, quarantine: true }, KEY, ({ field }) => found.push(field));
    const made = draft();
    Object.assign(Object(made.clear['oidc']), { client_id: 'job@project.example.com' });
    minimiser.minimise(made);
    expect(made.clear['oidc']).toMatchObject({ client_id: 'job@project.example.com' });
    expect([found, redacted(made)]).toEqual([['oidc.client_id'], undefined]);
  });

  test('does not look where it is told not to', () => {
    const made = minimise({ quarantine: true, quarantineExcept: ['http.route'] }, suspicious());
    expect(made.clear['http']).toEqual({ route: `/people/${EMAIL}` });
    expect(redacted(made)).toEqual(['audit.target.id', 'event.action']);
  });

  test('overwrites no attribute of the same name', () => {
    const made = suspicious();
    Object.assign(Object(made.groups.content?.['attributes']), { 'http.route': 'an attribute' });
    minimise({ quarantine: true }, made);
    expect(made.groups.content?.['attributes']).toMatchObject({
      'http.route': 'an attribute',
      'http.route (quarantined)': `/people/${EMAIL}`,
    });
  });

  test('looks into lists', () => {
    const made = draft();
    Object.assign(Object(made.clear['oidc']), { scope: ['openid', 'mail:bob@example.com'] });
    minimise({ quarantine: true }, made);
    expect(made.clear['oidc']).not.toHaveProperty('scope');
  });
});
