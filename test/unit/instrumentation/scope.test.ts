import { afterEach, describe, expect, test } from 'vitest';
import {
  AuditProcessor,
  MAX_HELD_PER_SLOT,
} from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import type { EventContext } from '../../../packages/instrumentation/src/events/event-context.ts';
import { Lifecycle } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import {
  SessionSlot,
  slotInContext,
  type Binding,
  type SlottedSpan,
} from '../../../packages/instrumentation/src/session/slot.ts';
import { withSession, withSessionScope } from '../../../packages/instrumentation/src/with-session.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const API = Symbol.for('opentelemetry.js.api.1');
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const saved = Object.getOwnPropertyDescriptor(globalThis, API);
const ALICE = { iss: 'https://idp', sub: 'alice', sid: 's-alice' };
const BOB = { iss: 'https://idp', sub: 'bob', sid: 's-bob' };

afterEach(() => {
  Reflect.deleteProperty(globalThis, API);
  if (saved !== undefined) Object.defineProperty(globalThis, API, saved);
});

interface World {
  runtime: Pick<EventContext, 'lifecycle' | 'sessions'>;
  processor: AuditProcessor;
  emitted: RecordedSpan[];
  /** Starts a span below the active one, and makes it the active one for `work`. */
  inSpan: <T>(name: string, work: (span: SlottedSpan) => T) => T;
  bindingOf: (claims: object, source?: 'propagated') => Binding;
}

function setUp(): World {
  const emitted: RecordedSpan[] = [];
  const sink = {
    emit: (span: RecordedSpan) => emitted.push(span),
    provisional: () => 0,
    flush: () => undefined,
  };
  const processor = new AuditProcessor(sink, () => 0);
  const lifecycle = new Lifecycle(processor, sink, () => 1_700_000_000_000);
  const sessions = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
  let active: SlottedSpan | undefined;
  Object.defineProperty(globalThis, API, {
    value: { context: { active: () => contextOf(active) } },
    configurable: true,
  });
  return {
    runtime: { lifecycle, sessions },
    processor,
    emitted,
    inSpan: (name, work) => {
      const outer = active;
      const span: SlottedSpan = makeSpan({ name, attributes: {}, events: [], ended: false });
      processor.onStart(span, contextOf(outer));
      active = span;
      try {
        return work(span);
      } finally {
        active = outer;
        span.ended = true;
        processor.onEnd(span);
      }
    },
    bindingOf: (claims, source) => {
      const session = sessions.resolve(claims, undefined);
      if (session === undefined) throw new Error('no session');
      return { session, token: undefined, ...(source && { source }) };
    },
  };
}

function contextOf(span: SlottedSpan | undefined): object {
  return { getValue: (key: symbol) => (key === SPAN_KEY ? span : undefined) };
}

function sessionsByName(spans: RecordedSpan[]): Record<string, unknown> {
  return Object.fromEntries(spans.map(({ name, attributes }) => [name, attributes['session.id']]));
}

describe('withSession', () => {
  test('a job has its own session, in no request and in another one’s', () => {
    const { runtime, emitted, inSpan, bindingOf } = setUp();
    withSessionScope(runtime, BOB, () => {
      inSpan('job', () => {
        inSpan('step', () => undefined);
      });
    });
    inSpan('request', () => {
      runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(ALICE));
      inSpan('before', () => {
        withSessionScope(runtime, BOB, () => {
          inSpan('job-within', () => {
            inSpan('step-within', () => undefined);
          });
        });
      });
      inSpan('after', () => undefined);
    });
    expect(sessionsByName(emitted)).toEqual({
      job: 's-bob',
      step: 's-bob',
      request: 's-alice',
      before: 's-alice',
      'job-within': 's-bob',
      'step-within': 's-bob',
      after: 's-alice',
    });
    // The job's root says everything, as a request's does.
    expect(emitted.find(({ name }) => name === 'job-within')?.attributes).toHaveProperty(
      'oidc.session.state',
    );
    expect(emitted.find(({ name }) => name === 'step')?.attributes).not.toHaveProperty('oidc.session.state');
  });

  test('may be nested; what was bound within it stays within it', () => {
    const { runtime, emitted, inSpan, bindingOf } = setUp();
    withSessionScope(runtime, ALICE, () => {
      withSessionScope(runtime, BOB, () => {
        inSpan('inner', () => undefined);
      });
      // Another verification does not change whose job it is.
      runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(BOB));
      inSpan('outer', () => undefined);
    });
    inSpan('outside', () => undefined);
    expect(sessionsByName(emitted)).toEqual({ inner: 's-bob', outer: 's-alice', outside: undefined });
  });

  test('does not reach what a server receives that was made in it', () => {
    const { runtime, processor, bindingOf } = setUp();
    const received: SlottedSpan = makeSpan({ kind: 1, attributes: {} });
    withSessionScope(runtime, ALICE, () => {
      processor.onStart(received, contextOf(undefined));
    });
    processor.onEnd(received);
    expect(received.attributes).not.toHaveProperty('session.id');
    // A scope that was made for a request admits its server span, and no other.
    const slot = new SessionSlot(undefined);
    slot.binding = bindingOf(ALICE, 'propagated');
    const [own, next]: SlottedSpan[] = [1, 2].map(() => makeSpan({ kind: 1, attributes: {} }));
    processor.scopes.run({ slot, outer: undefined, admitsServer: true }, () => {
      for (const span of [own, next]) if (span !== undefined) processor.onStart(span, contextOf(undefined));
    });
    for (const span of [own, next]) if (span !== undefined) processor.onEnd(span);
    expect([own, next].map((span) => span?.attributes['session.id'])).toEqual(['s-alice', undefined]);
  });

  test('lasts as long as what was started in it', async () => {
    const { runtime, emitted, inSpan } = setUp();
    const results = await Promise.all(
      [ALICE, BOB].map((claims) =>
        withSessionScope(runtime, claims, async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          inSpan(claims.sub, () => undefined);
          return claims.sub;
        }),
      ),
    );
    expect(results).toEqual(['alice', 'bob']);
    expect(sessionsByName(emitted)).toEqual({ alice: 's-alice', bob: 's-bob' });
  });

  test('events outside of the job’s spans are not put on the request it was called from', () => {
    const { runtime, emitted, inSpan, bindingOf } = setUp();
    inSpan('request', (request) => {
      runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(ALICE));
      withSessionScope(runtime, BOB, () => {
        const site = runtime.lifecycle.callSite();
        expect(runtime.lifecycle.sessionAt(site)?.id).toBe('s-bob');
        runtime.lifecycle.record(site, 'audit.action', { 'audit.action': 'order.cancelled' });
        runtime.lifecycle.flush();
      });
      expect(request.events).toEqual([]);
      const own = emitted.find(({ name }) => name === 'audit.action');
      expect(own?.attributes).toMatchObject({ 'session.id': 's-bob' });
      expect(own?.spanContext().traceId).toBe(request.spanContext().traceId);
    });
  });

  test('returns and throws what the work does, once', async () => {
    const { runtime } = setUp();
    const failure = new Error('mine');
    let calls = 0;
    expect(() =>
      withSessionScope(runtime, ALICE, () => {
        calls += 1;
        throw failure;
      }),
    ).toThrow(failure);
    expect(calls).toBe(1);
    const rejected = Promise.reject(failure);
    const returned = withSessionScope(runtime, ALICE, () => rejected);
    expect(returned).toBe(rejected);
    await expect(returned).rejects.toBe(failure);
  });

  test.each([[{}], [{ iss: 'https://idp' }], [null], [7]])('of %j is just a call', (claims) => {
    const { runtime, emitted, inSpan } = setUp();
    // What callers without types may pass.
    expect(Reflect.apply(withSessionScope, undefined, [runtime, claims, () => inSpan('job', () => 5)])).toBe(
      5,
    );
    expect(sessionsByName(emitted)).toEqual({ job: undefined });
  });

  test('without register is just a call', () => {
    expect(withSession(ALICE, () => 5)).toBe(5);
  });
});

describe('a scope that learns its session', () => {
  function openScope({ processor }: World): { slot: SessionSlot; run: <T>(work: () => T) => T } {
    const slot = new SessionSlot(undefined);
    return { slot, run: (work) => processor.scopes.run({ slot, outer: undefined }, work) };
  }

  test('learns it outside of any span, or within one of its own, and keeps the first', () => {
    for (const within of [false, true]) {
      const world = setUp();
      const { runtime, emitted, inSpan, bindingOf } = world;
      const { run } = openScope(world);
      const verify = (claims: object): void => {
        runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(claims));
      };
      run(() => {
        inSpan('early', () => undefined);
        if (within) inSpan('verify', () => verify(ALICE));
        else verify(ALICE);
        inSpan('message', () => undefined);
        verify(BOB);
        inSpan('later', () => undefined);
      });
      expect(sessionsByName(emitted)).toMatchObject({
        early: undefined,
        message: 's-alice',
        later: 's-alice',
      });
    }
  });

  test('the root that waits for it gets the whole of it', () => {
    const world = setUp();
    const { processor, emitted, bindingOf } = world;
    for (const bound of [true, false]) {
      const root: SlottedSpan = makeSpan({ name: 'GET', attributes: {} });
      const slot = new SessionSlot(root);
      processor.endWaiting(slot, root);
      expect(emitted).toEqual([]);
      if (bound) processor.bind(slot, bindingOf(ALICE));
      processor.giveUp(slot);
      expect(emitted).toEqual([root]);
      expect(root.attributes['oidc.session.state']).toBe(bound ? 'active' : undefined);
      expect(slot.root).toBeUndefined();
      emitted.length = 0;
    }
  });
});

describe('a propagated session', () => {
  test('marks the root, and is on every span', () => {
    const { runtime, emitted, inSpan, bindingOf } = setUp();
    inSpan('request', () => {
      runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(ALICE, 'propagated'));
      inSpan('child', (child) => {
        expect(slotInContext(child)?.held).not.toBeNull();
      });
      expect(emitted, 'it may still give way').toEqual([]);
    });
    expect(sessionsByName(emitted)).toEqual({ request: 's-alice', child: 's-alice' });
    expect(emitted.map(({ attributes }) => attributes['oidc.session.source'])).toEqual([
      undefined,
      'propagated',
    ]);
  });

  test.each(['before', 'after'])('gives way to a verified one that comes %s it', (order) => {
    const { runtime, emitted, inSpan, bindingOf } = setUp();
    const { lifecycle } = runtime;
    const bindings = [bindingOf({ ...ALICE, azp: 'web' }, 'propagated'), bindingOf(BOB)];
    inSpan('request', () => {
      inSpan('first', () => undefined);
      for (const binding of order === 'after' ? bindings : bindings.toReversed()) {
        lifecycle.bind(lifecycle.callSite(), binding);
        inSpan('between', () => undefined);
      }
    });
    for (const { name, attributes } of emitted) {
      expect(attributes, name).toMatchObject({ 'session.id': 's-bob', 'user.id': 'bob' });
      expect(attributes, name).not.toHaveProperty('oidc.client_id');
      expect(attributes, name).not.toHaveProperty('oidc.session.source');
    }
    expect(emitted).toHaveLength(4);
  });

  test('is on the spans of a long request, of which a bounded number waits', () => {
    const { runtime, emitted, inSpan, bindingOf } = setUp();
    inSpan('request', () => {
      runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(ALICE, 'propagated'));
      for (let index = 0; index < MAX_HELD_PER_SLOT + 10; index++) inSpan(`turn-${index}`, () => undefined);
      expect(emitted).toHaveLength(10);
    });
    expect(emitted).toHaveLength(MAX_HELD_PER_SLOT + 11);
    for (const { attributes } of emitted) expect(attributes['session.id']).toBe('s-alice');
  });

  test('is let go with its spans when the process ends', () => {
    const { runtime, processor, emitted, inSpan, bindingOf } = setUp();
    inSpan('request', () => {
      runtime.lifecycle.bind(runtime.lifecycle.callSite(), bindingOf(ALICE, 'propagated'));
      inSpan('child', () => undefined);
      processor.releaseAll();
      expect(sessionsByName(emitted)).toEqual({ child: 's-alice' });
    });
  });
});
