import { describe, expect, test } from 'vitest';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { EventContext } from '../../../packages/instrumentation/src/events/event-context.ts';
import { failureAttributes } from '../../../packages/instrumentation/src/events/failure.ts';
import { recordClientGrant } from '../../../packages/instrumentation/src/events/grant.ts';
import { PendingAuthorizations } from '../../../packages/instrumentation/src/events/pending-authorizations.ts';
import { recordIntrospection } from '../../../packages/instrumentation/src/events/token-state.ts';
import { openidClientLibrary } from '../../../packages/instrumentation/src/libraries/openid-client/hooks.ts';
import { RequiredFile } from '../../../packages/instrumentation/src/libraries/loaded-file.ts';
import type {
  RecordedSpan,
  SpanAttributes,
} from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { Lifecycle } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';

const CLIENT = { clientId: 'service', issuer: 'https://idp.example' };

function setUp(identity: 'full' | 'pseudonym' | 'minimal' = 'full'): {
  context: EventContext;
  recorded: () => SpanAttributes[];
} {
  const events: SpanAttributes[] = [];
  const sink = {
    emit: (span: RecordedSpan): void => {
      for (const { attributes } of span.events) events.push(attributes ?? {});
    },
    provisional: () => 0,
    flush: () => undefined,
  };
  const now = (): number => 1_700_000_000_000;
  const lifecycle = new Lifecycle(new AuditProcessor(sink, now), sink, now);
  const sessions = new SessionRegistry({ claims: [], identity, identityKey: 'key' });
  return {
    context: { lifecycle, sessions, pending: new PendingAuthorizations(), now },
    recorded: () => {
      lifecycle.flush();
      return events;
    },
  };
}

test.each([
  ['full', 'service'],
  ['pseudonym', expect.stringMatching(/^[0-9a-f]{32}$/)],
  ['minimal', undefined],
] as const)('a service is named as the identity mode says: %s', (identity, name) => {
  const { context, recorded } = setUp(identity);
  const response = { claims: undefined, scope: undefined, accessToken: undefined, tokens: [] };
  const grant = { client: CLIENT, grantType: 'client_credentials', requested: undefined, response };
  recordClientGrant(context, context.lifecycle.callSite(), grant);
  expect(recorded().map((attributes) => attributes['user.id'])).toEqual([name]);
});

describe('a token that the provider calls inactive', () => {
  const payload = Buffer.from(JSON.stringify({ jti: 'of somebody else', iat: 5, exp: 9_999_999_999 }));
  const token = `e30.${payload.toString('base64url')}.forged`;
  const introspect = ({ context }: ReturnType<typeof setUp>): void => {
    const inquiry = { client: CLIENT, token, type: 'access' } as const;
    recordIntrospection(context, context.lifecycle.callSite(), inquiry, { active: false });
  };

  test('is not taken at its word', () => {
    const world = setUp();
    introspect(world);
    const seen = world.recorded();
    expect(seen).toHaveLength(2);
    expect(JSON.stringify(seen)).not.toMatch(/somebody else|issued_at|expires_at/);
  });

  test('is told with its session where it was seen alive', () => {
    const world = setUp();
    const session = world.context.sessions.resolve({ iss: CLIENT.issuer, sub: 'alice', sid: 's1' }, token);
    introspect(world);
    expect(session?.id).toBe('s1');
    expect(world.recorded()).toMatchObject([
      { 'session.id': 's1', 'oidc.token.id': 'of somebody else' },
      { 'session.id': 's1', 'oidc.token.rejection_reason': 'revoked' },
    ]);
  });
});

test('what was sent does not come back in the provider’s text, as it was or encoded', () => {
  const secret = 's3cret/+&ü';
  const error = {
    error: 'invalid_client',
    error_description: `"${secret}" (s3cret%2F%2B%26%C3%BC) is wrong`,
  };
  expect(JSON.stringify(failureAttributes(error, secret))).not.toMatch(/s3cret/);
});

test.each([
  [
    'authorizationCodeGrant',
    [new URL('https://app/cb?code=the-code&state=x'), { pkceCodeVerifier: 'the-verifier' }],
  ],
  ['refreshTokenGrant', ['the-token']],
  ['clientCredentialsGrant', [{}]],
])('neither does it where %s fails', async (name, args) => {
  const { context, recorded } = setUp();
  const refusal = Object.assign(new Error('no'), {
    error: 'invalid_client',
    error_description: 'got the-code the-verifier the-token the-secret',
  });
  const file = { exports: { [name]: (..._args: unknown[]): Promise<never> => Promise.reject(refusal) } };
  const identity = { library: 'openid-client', version: '6.0.0', path: 'build/index.js' };
  openidClientLibrary(context).patch(new RequiredFile(identity, file));
  const configuration = {
    clientMetadata: () => ({ client_id: 'app', client_secret: 'the-secret' }),
    serverMetadata: () => ({ issuer: CLIENT.issuer }),
  };
  await expect(file.exports[name]?.(configuration, ...args)).rejects.toBe(refusal);
  const [failed] = recorded();
  expect(failed).toMatchObject({ 'oidc.error': 'invalid_client' });
  expect(failed?.['oidc.error_description']).not.toMatch(/the-secret/);
  const sent = JSON.stringify(args.map(String));
  for (const secret of ['the-code', 'the-token']) {
    if (sent.includes(secret)) expect(failed?.['oidc.error_description']).not.toContain(secret);
  }
  if (name === 'authorizationCodeGrant')
    expect(failed?.['oidc.error_description']).not.toContain('the-verifier');
});
