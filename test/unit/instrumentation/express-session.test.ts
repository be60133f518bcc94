import { afterEach, expect, test } from 'vitest';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { SpanSink } from '../../../packages/instrumentation/src/audit/span-sink.ts';
import { recordGrant } from '../../../packages/instrumentation/src/events/grant.ts';
import { PendingAuthorizations } from '../../../packages/instrumentation/src/events/pending-authorizations.ts';
import { recordSessionEnd } from '../../../packages/instrumentation/src/events/session-end.ts';
import { readTokenResponse } from '../../../packages/instrumentation/src/events/token-response.ts';
import { expressSessionLibrary } from '../../../packages/instrumentation/src/libraries/express-session/hooks.ts';
import { RequiredFile } from '../../../packages/instrumentation/src/libraries/loaded-file.ts';
import { Lifecycle, type CallSite } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const API = Symbol.for('opentelemetry.js.api.1');
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const CLAIMS = { iss: 'https://issuer.test', sub: 'alice', sid: 'one' };

afterEach(() => {
  Reflect.deleteProperty(globalThis, API);
});

const sink: SpanSink = { emit: () => undefined, provisional: () => 0, flush: () => undefined };
const processor = new AuditProcessor(sink, () => 0);
const lifecycle = new Lifecycle(processor, sink, () => 0);
const sessions = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
const context = { lifecycle, sessions, pending: new PendingAuthorizations(), now: () => 0 };

class CookieSession {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
  save(): this {
    return this;
  }
  regenerate(): this {
    return this;
  }
  destroy(callback: (error?: unknown) => void): void {
    callback(this.id === 'stuck' ? new Error('of the store') : undefined);
  }
}

const library = expressSessionLibrary(context);
const index: { exports: unknown } = {
  exports: () => (incoming: { broken?: true }, _response: unknown, next: (error?: unknown) => void) => {
    next(incoming.broken && new Error('of the store'));
  },
};
const identity = { library: 'express-session', version: '1.19.0' };
library.patch(new RequiredFile({ ...identity, path: 'index.js' }, index));
library.patch(new RequiredFile({ ...identity, path: 'session/session.js' }, { exports: CookieSession }));
const { exports: factory } = index;
const middleware: unknown = typeof factory === 'function' ? factory() : undefined;

function request(): CallSite {
  const span = makeSpan({ ended: false });
  const contextOf = (active: unknown): object => ({
    getValue: (key: symbol) => (key === SPAN_KEY ? active : undefined),
  });
  processor.onStart(span, contextOf(undefined));
  Object.defineProperty(globalThis, API, {
    value: { context: { active: () => contextOf(span) } },
    configurable: true,
  });
  return lifecycle.callSite();
}

/** The person that a request with this cookie is bound to. */
function whoWith(sessionID: string, broken?: true): string | undefined {
  const site = request();
  if (typeof middleware !== 'function') throw new Error('no middleware');
  middleware({ sessionID, broken }, {}, () => undefined);
  return lifecycle.sessionAt(site)?.subject;
}

function logIn(id: string): void {
  const site = request();
  recordGrant(context, site, {
    client: { clientId: 'shop', issuer: CLAIMS.iss },
    grantType: 'authorization_code',
    flow: 'code',
    response: readTokenResponse({ access_token: 'an access token' }, 0, CLAIMS),
  });
  new CookieSession(id).save();
}

test('a cookie session that is saved with a login stands for it, and no other does', () => {
  logIn('known');
  request();
  new CookieSession('other').save();
  expect([whoWith('known'), whoWith('other'), whoWith('known', true)]).toEqual([
    'alice',
    undefined,
    undefined,
  ]);
});

test('an id that is given up or destroyed stands for nobody; one that the store keeps still does', () => {
  for (const id of ['rotated', 'destroyed', 'stuck']) logIn(id);
  request();
  new CookieSession('rotated').regenerate();
  new CookieSession('stuck').destroy(() => undefined);
  expect([whoWith('rotated'), whoWith('stuck')]).toEqual([undefined, 'alice']);
  request();
  new CookieSession('destroyed').destroy(() => undefined);
  expect(whoWith('destroyed')).toBeUndefined();
});

test('after a logout that keeps the cookie session it stands for nobody, until the next login', () => {
  logIn('kept');
  const site = request();
  recordSessionEnd(context, site, { session: sessions.resolve(CLAIMS, undefined), reason: 'logout' });
  expect(whoWith('kept')).toBeUndefined();
  logIn('kept');
  expect(whoWith('kept')).toBe('alice');
});
