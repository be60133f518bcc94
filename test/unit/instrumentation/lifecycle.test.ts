import { afterEach, describe, expect, test } from 'vitest';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { Lifecycle, MAX_EVENTS_PER_SPAN } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import type { Binding } from '../../../packages/instrumentation/src/session/slot.ts';
import { KNOWN_FOR_MS } from '../../../packages/instrumentation/src/session/known-events.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const API = Symbol.for('opentelemetry.js.api.1');
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');
const saved = Object.getOwnPropertyDescriptor(globalThis, API);

afterEach(() => {
  Reflect.deleteProperty(globalThis, API);
  if (saved !== undefined) Object.defineProperty(globalThis, API, saved);
});

function setUp(): {
  lifecycle: Lifecycle;
  processor: AuditProcessor;
  emitted: RecordedSpan[];
  activate(span?: RecordedSpan): void;
  pass: (milliseconds: number) => void;
} {
  const emitted: RecordedSpan[] = [];
  let now = 1_700_000_000_123;
  const processor = new AuditProcessor(
    { emit: (span) => emitted.push(span), provisional: () => 0, flush: () => undefined },
    () => 0,
  );
  const lifecycle = new Lifecycle(
    processor,
    { emit: (span) => emitted.push(span), provisional: () => 0, flush: () => undefined },
    () => now,
  );
  const pass = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { lifecycle, processor, emitted, activate, pass };
}

function contextOf(span: RecordedSpan | undefined): object {
  return { getValue: (key: symbol) => (key === SPAN_KEY ? span : undefined) };
}

function activate(span?: RecordedSpan): void {
  Object.defineProperty(globalThis, API, {
    value: { context: { active: () => contextOf(span) } },
    configurable: true,
  });
}

test('an event goes on the local root, else on the active span, else on a span of its own', () => {
  const { lifecycle, processor, emitted } = setUp();
  const root = makeSpan({ name: 'root', ended: false });
  const child = makeSpan({ name: 'child', ended: false });
  processor.onStart(root, contextOf(undefined));
  processor.onStart(child, contextOf(root));
  activate(child);
  const site = lifecycle.callSite();

  lifecycle.record(site, 'first', { a: 1 });
  expect(root.events).toEqual([
    { name: 'first', time: [1_700_000_000, 123_000_000], attributes: { a: 1 }, droppedAttributesCount: 0 },
  ]);

  processor.onEnd(root);
  lifecycle.record(site, 'second', {});
  expect(child.events.map(({ name }) => name)).toEqual(['second']);

  child.ended = true;
  lifecycle.record(site, 'third', {});
  lifecycle.flush();
  const own = emitted.at(-1);
  expect(own).toMatchObject({
    name: 'third',
    kind: 0,
    events: [{ name: 'third' }],
    resource: child.resource,
  });
  expect(own?.spanContext().traceId).toBe(child.spanContext().traceId);
  expect(own?.parentSpanContext?.spanId).toBe(child.spanContext().spanId);
});

test('without any span, or any OpenTelemetry, it gets a span and a trace of its own', () => {
  const { lifecycle, emitted } = setUp();
  Reflect.deleteProperty(globalThis, API);
  lifecycle.record(lifecycle.callSite(), 'alone', {});
  activate();
  lifecycle.record(lifecycle.callSite(), 'again', {});
  lifecycle.flush();
  expect(emitted.map(({ name }) => name)).toEqual(['alone', 'again']);
  for (const span of emitted) {
    expect(span.spanContext()).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(span.parentSpanContext).toBeUndefined();
  }
});

test('a span takes a bounded number of events; none is lost', () => {
  const { lifecycle, processor, emitted } = setUp();
  const root = makeSpan({ ended: false });
  processor.onStart(root, contextOf(undefined));
  activate(root);
  const site = lifecycle.callSite();
  for (let index = 0; index < MAX_EVENTS_PER_SPAN + 3; index++) lifecycle.record(site, `e${index}`, {});
  lifecycle.flush();
  expect(root.events).toHaveLength(MAX_EVENTS_PER_SPAN);
  expect(emitted).toHaveLength(3);
});

test('what nested libraries report of the same token or error is one event', () => {
  const { lifecycle, processor, emitted } = setUp();
  const root = makeSpan({ ended: false });
  processor.onStart(root, contextOf(undefined));
  activate(root);
  const site = lifecycle.callSite();
  const inner = new Error('inner');
  const outer = new Error('outer', { cause: inner });

  lifecycle.record(site, 'issued', { token: 't1' }, { key: 'issued t1' });
  lifecycle.record(site, 'issued', { token: 't1', scope: ['a'] }, { key: 'issued t1' });
  lifecycle.record(site, 'issued', { token: 't2' }, { key: 'issued t2' });
  lifecycle.record(site, 'failed', { reason: 'other', token: 'x' }, { error: inner });
  lifecycle.record(site, 'failed', { reason: 'expired', token: 'y' }, { error: outer });
  lifecycle.record(site, 'failed', { reason: 'another' }, { error: new Error('another') });
  expect(root.events.map(({ name, attributes }) => ({ name, ...attributes }))).toEqual([
    { name: 'issued', token: 't1', scope: ['a'] },
    { name: 'issued', token: 't2' },
    { name: 'failed', reason: 'expired', token: 'x' },
    { name: 'failed', reason: 'another' },
  ]);

  // Another request may be given the same token.
  const second = makeSpan({ ended: false });
  processor.onStart(second, contextOf(undefined));
  activate(second);
  lifecycle.record(lifecycle.callSite(), 'issued', { token: 't1' }, { key: 'issued t1' });
  expect(second.events).toHaveLength(1);

  activate();
  const nowhere = lifecycle.callSite();
  lifecycle.record(nowhere, 'issued', { token: 't3' }, { key: 'issued t3' });
  lifecycle.record(nowhere, 'issued', { scope: ['b'] }, { key: 'issued t3' });
  lifecycle.flush();
  expect(emitted.map(({ events }) => events[0]?.attributes)).toEqual([{ token: 't3', scope: ['b'] }]);
});

test('what one of several tries reports counts where it is reported from outside too', () => {
  const { lifecycle, processor } = setUp();
  const root = makeSpan({ name: 'root', ended: false });
  processor.onStart(root, contextOf(undefined));
  activate(root);
  const outer = lifecycle.callSite();
  const fits = new Error('does not fit');
  const last = new Error('does not fit either');
  for (const error of [fits, last]) {
    const site = lifecycle.tryOut(() => lifecycle.callSite());
    lifecycle.record(site, 'rejected', { inner: 1 }, { key: 'token', error });
  }
  expect(root.events).toEqual([]);
  lifecycle.record(outer, 'rejected', { outer: 2 }, { key: 'token', error: last });
  lifecycle.record(outer, 'rejected', { outer: 3 }, { key: 'token', error: last });
  expect(root.events.map(({ attributes }) => attributes)).toEqual([{ inner: 1, outer: 2 }]);
});

test('an error that a library gives to two requests is an event in each', () => {
  const { lifecycle, processor } = setUp();
  const error = new Error('no keys');
  const roots = ['one', 'two'].map((name) => makeSpan({ name, ended: false }));
  for (const root of roots) {
    processor.onStart(root, contextOf(undefined));
    activate(root);
    lifecycle.record(lifecycle.callSite(), 'rejected', {}, { error });
  }
  expect(roots.map(({ events }) => events.length)).toEqual([1, 1]);
});

test('an error that is given for two tokens of one request is an event for each', () => {
  const { lifecycle, processor } = setUp();
  const root = makeSpan({ ended: false });
  processor.onStart(root, contextOf(undefined));
  activate(root);
  const site = lifecycle.callSite();
  const error = new Error('no keys');
  for (const key of ['token 1', 'token 2']) lifecycle.record(site, 'rejected', { key }, { key, error });
  // A login that fails over a token is an event of its own.
  for (const state of ['s', 't']) lifecycle.record(site, 'failed', { state }, { error });
  expect(root.events.map(({ attributes }) => attributes)).toEqual([
    { key: 'token 1' },
    { key: 'token 2' },
    { state: 's' },
  ]);
});

test('what happens again in a request that lives for hours is an event again', () => {
  const { lifecycle, processor, pass } = setUp();
  const root = makeSpan({ ended: false });
  processor.onStart(root, contextOf(undefined));
  activate(root);
  const site = lifecycle.callSite();
  const error = new Error('always this one');
  for (let round = 0; round < 3; round++) {
    lifecycle.record(site, 'rejected', {}, { key: 'token', error });
    lifecycle.record(site, 'rejected', {}, { error });
    pass(KNOWN_FOR_MS / 2);
  }
  pass(-10 * KNOWN_FOR_MS);
  lifecycle.record(site, 'rejected', {}, { key: 'token' });
  expect(root.events.map(({ name }) => name)).toEqual(['rejected', 'rejected']);
  pass(KNOWN_FOR_MS + 1);
  lifecycle.record(site, 'rejected', {}, { error });
  expect(root.events).toHaveLength(3);
});

test('two requests that are over, and give the same token in one turn, have an event each', () => {
  const { lifecycle, processor, emitted } = setUp();
  for (const spanId of ['00000000000000a1', '00000000000000a2']) {
    const root = makeSpan({ spanContext: () => ({ traceId: '1'.repeat(32), spanId, traceFlags: 1 }) });
    processor.onStart(root, contextOf(undefined));
    activate(root);
    lifecycle.record(lifecycle.callSite(), 'rejected', {}, { key: 'token' });
  }
  lifecycle.flush();
  expect(emitted.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
    '00000000000000a1',
    '00000000000000a2',
  ]);
});

describe('work that outlives its request', () => {
  const sessions = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
  const bindingOf = (sub: string): Binding => {
    const session = sessions.resolve({ iss: 'https://idp.example', sub, sid: sub }, undefined);
    if (session === undefined) throw new Error('no session');
    return { session, token: undefined };
  };

  test('is nobody’s once it has met somebody else', () => {
    const { lifecycle, processor, emitted } = setUp();
    const start = (name: string, parent?: RecordedSpan): RecordedSpan => {
      const span = makeSpan({ name, ended: false });
      processor.onStart(span, contextOf(parent));
      return span;
    };
    const root = start('root');
    activate(root);
    const site = lifecycle.callSite();
    lifecycle.bind(site, bindingOf('alice'));
    // As long as the request is open, it is the first one's.
    lifecycle.bind(site, bindingOf('bob'));
    processor.onEnd(start('within', root));
    processor.onEnd(root);
    lifecycle.bind(lifecycle.callSite(), bindingOf('alice'));
    processor.onEnd(start('her rest', root));
    lifecycle.bind(lifecycle.callSite(), bindingOf('bob'));
    processor.onEnd(start('his', root));
    lifecycle.bind(lifecycle.callSite(), bindingOf('alice'));
    processor.onEnd(start('whose', root));
    expect(emitted.map(({ name, attributes }) => [name, attributes['user.id']])).toEqual([
      ['within', 'alice'],
      ['root', 'alice'],
      ['her rest', 'alice'],
      ['his', undefined],
      ['whose', undefined],
    ]);
  });

  test('keeps the session that the application gave it', () => {
    const { lifecycle, processor, emitted } = setUp();
    const root = makeSpan({ ended: false });
    processor.onStart(root, contextOf(undefined));
    activate(root);
    processor.onEnd(root);
    lifecycle.runInScope(bindingOf('alice'), () => {
      lifecycle.bind(lifecycle.callSite(), bindingOf('bob'));
      const job = makeSpan({ name: 'job', ended: false });
      processor.onStart(job, contextOf(root));
      processor.onEnd(job);
    });
    expect(emitted.at(-1)?.attributes['user.id']).toBe('alice');
  });
});
