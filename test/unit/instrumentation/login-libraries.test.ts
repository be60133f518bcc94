import { describe, expect, test } from 'vitest';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { EventContext } from '../../../packages/instrumentation/src/events/event-context.ts';
import { PendingAuthorizations } from '../../../packages/instrumentation/src/events/pending-authorizations.ts';
import { authCoreLibrary } from '../../../packages/instrumentation/src/libraries/auth-core/hooks.ts';
import { joseLibrary } from '../../../packages/instrumentation/src/libraries/jose/hooks.ts';
import type { CreateLibrary, Library } from '../../../packages/instrumentation/src/libraries/library.ts';
import { RequiredFile } from '../../../packages/instrumentation/src/libraries/loaded-file.ts';
import { nextAuthLibrary } from '../../../packages/instrumentation/src/libraries/next-auth/hooks.ts';
import { oauth4webapiLibrary } from '../../../packages/instrumentation/src/libraries/oauth4webapi/hooks.ts';
import { openidClientLibrary } from '../../../packages/instrumentation/src/libraries/openid-client/hooks.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { Lifecycle } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';

/** What hooks work with, and the names of the events that they record. */
function setUp(): { context: EventContext; events: () => string[] } {
  const emitted: RecordedSpan[] = [];
  const sink = {
    emit: (span: RecordedSpan) => emitted.push(span),
    provisional: () => 0,
    flush: () => undefined,
  };
  const lifecycle = new Lifecycle(new AuditProcessor(sink, () => 0), sink, Date.now);
  const sessions = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
  const context = { lifecycle, sessions, pending: new PendingAuthorizations(), now: Date.now };
  const events = (): string[] => {
    lifecycle.flush();
    return emitted.flatMap((span) => span.events.map(({ name }) => name));
  };
  return { context, events };
}

const CREATE: readonly CreateLibrary[] = [
  authCoreLibrary,
  joseLibrary,
  nextAuthLibrary,
  oauth4webapiLibrary,
  openidClientLibrary,
];

/** Loads every file of one major version with these exports. */
function load(library: Library, major: number, exports: unknown): void {
  const { name, rows } = library.versions;
  for (const { files } of rows.filter(({ majors }) => majors.includes(major))) {
    for (const { path } of files)
      library.patch(new RequiredFile({ library: name, version: `${major}.99.0`, path }, { exports }));
  }
}

const VERSIONS = CREATE.flatMap((create) => {
  const { name, rows } = create(setUp().context).versions;
  return rows.flatMap(({ majors, functions }) =>
    majors.map((major) => [name, major, create, functions] as const),
  );
});

describe.each(VERSIONS)('%s %i', (name, major, create, functions) => {
  test('without its functions disturbs nothing, and each is told by name and version', async () => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): number => warnings.push(message);
    process.on('warning', listen);
    for (const exports of [{}, undefined, null, 5, { BaseClient: 5, prototype: null }])
      load(create(setUp().context), major, exports);
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(warnings.every((warning) => warning.startsWith('Spanledger does not find '))).toBe(true);
    // Once per function and process: another major version may have told it already.
    told.push(
      ...warnings.map((warning) => /find (\w+) in .* of (\S+) /.exec(warning)?.slice(1, 3).join(' of ')),
    );
    for (const each of functions) expect(told).toContain(`${each} of ${name}`);
  });
});
const told: unknown[] = [];

describe('oauth4webapi', () => {
  const claims = { iss: 'https://id.test', sub: 'alice', sid: 's1' };

  function loaded(context: EventContext): Record<string, (...args: unknown[]) => unknown> {
    const module = {
      exports: {
        authorizationCodeGrantRequest: () => Promise.resolve(new Response()),
        processAuthorizationCodeResponse: () =>
          Promise.resolve({ access_token: 'opaque', id_token: 'a.b.c' }),
        getValidatedIdTokenClaims: () => claims,
      },
    };
    const identity = { library: 'oauth4webapi', version: '3.8.8', path: 'build/index.js' };
    oauth4webapiLibrary(context).patch(new RequiredFile(identity, module));
    return module.exports;
  }

  test('binds what the token endpoint answered, and no answer that somebody made', async () => {
    const { context, events } = setUp();
    const oauth = loaded(context);
    const parties = [{ issuer: 'https://id.test' }, { client_id: 'web' }];
    // openid-client checks an ID token from the browser by such an answer, and its signature afterwards.
    await oauth['processAuthorizationCodeResponse']?.(...parties, new Response('{}'));
    expect(events()).toEqual([]);
    expect(context.sessions.ofToken('opaque')).toBeUndefined();

    const response = await oauth['authorizationCodeGrantRequest']?.(
      ...parties,
      undefined,
      new URLSearchParams(),
    );
    await oauth['processAuthorizationCodeResponse']?.(...parties, response);
    expect(events()).toEqual(['oidc.token.issued', 'oidc.session.started']);
    expect(context.sessions.ofToken('opaque')?.id).toBe('s1');
  });
});
