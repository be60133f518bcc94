import { ROOT_CONTEXT, SpanKind, trace, type Context, type Span, type SpanOptions } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { attachToProvider } from '../../../packages/instrumentation/src/attach/provider.ts';
import {
  AuditProcessor,
  MAX_HELD_PER_SLOT,
  PROVISIONAL_AFTER_MS,
} from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { RecordMode } from '../../../packages/instrumentation/src/config.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { Lifecycle } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import { slotInContext, type Binding } from '../../../packages/instrumentation/src/session/slot.ts';

const API = Symbol.for('opentelemetry.js.api.1');
const saved = Object.getOwnPropertyDescriptor(globalThis, API);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(globalThis, API);
  if (saved !== undefined) Object.defineProperty(globalThis, API, saved);
});

interface World {
  readonly processor: AuditProcessor;
  readonly lifecycle: Lifecycle;
  readonly emitted: RecordedSpan[];
  readonly provisional: RecordedSpan[];
  /** Starts a span below another one. */
  readonly start: (name: string, parent?: Span, options?: SpanOptions) => Span;
  /** Runs work with a span as the active one. */
  readonly inside: <T>(span: Span, work: () => T) => T;
  readonly bind: (span: Span) => void;
}

function setUp(record: RecordMode, sampler: Sampler = new AlwaysOffSampler()): World {
  const emitted: RecordedSpan[] = [];
  const provisional: RecordedSpan[] = [];
  const sink = {
    emit: (span: RecordedSpan) => emitted.push(span),
    provisional: (span: RecordedSpan) => provisional.push(span),
    flush: () => undefined,
  };
  const processor = new AuditProcessor(sink, () => Date.now(), record);
  const lifecycle = new Lifecycle(processor, sink, Date.now);
  const provider = new TracerProvider({ sampler: new ParentBasedSampler({ root: sampler }) });
  const early = provider.getTracer('early');
  attachToProvider(provider, processor);
  const late = provider.getTracer('late');
  let active: Context = ROOT_CONTEXT;
  Object.defineProperty(globalThis, API, {
    value: { context: { active: () => active } },
    configurable: true,
  });
  return {
    processor,
    lifecycle,
    emitted,
    provisional,
    start: (name, parent, options = {}) => {
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent);
      return (name.startsWith('early') ? early : late).startSpan(name, options, context);
    },
    inside: (span, work) => {
      active = trace.setSpan(ROOT_CONTEXT, span);
      try {
        return work();
      } finally {
        active = ROOT_CONTEXT;
      }
    },
    bind: (span) => {
      const slot = slotInContext(span);
      if (slot === undefined) throw new Error('no slot');
      processor.bind(slot, binding());
    },
  };
}

function binding(): Binding {
  const sessions = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
  const session = sessions.resolve({ iss: 'i', sub: 's', sid: 'the-session' }, undefined);
  if (session === undefined) throw new Error('no session');
  return { session, token: undefined };
}

function namesOf(spans: readonly RecordedSpan[]): string[] {
  return spans.map(({ name }) => name);
}

describe('roots', () => {
  test('records of an unsampled trace the local roots and what leaves the process', () => {
    const { start, emitted } = setUp('roots');
    const root = start('root', undefined, { kind: SpanKind.SERVER });
    const internal = start('internal', root);
    const spans = [
      internal,
      start('early internal', root),
      start('consumer', root, { kind: SpanKind.CONSUMER }),
      start('client', internal, { kind: SpanKind.CLIENT }),
      start('producer', internal, { kind: SpanKind.PRODUCER }),
      root,
    ];
    expect(spans.map((span) => span.isRecording())).toEqual([false, false, false, true, true, true]);
    for (const span of spans) span.end();
    expect(namesOf(emitted)).toEqual(['client', 'producer', 'root']);
    expect(emitted.map((span) => span.spanContext().traceFlags)).toEqual([0, 0, 0]);
  });

  test('hands the slot on through spans that are not recorded', () => {
    const { start, emitted, bind } = setUp('roots');
    const root = start('root');
    const deep = start('deep', start('early deeper', start('deepest', root)));
    bind(deep);
    start('client', deep, { kind: SpanKind.CLIENT }).end();
    root.end();
    expect(emitted.map(({ name, attributes }) => [name, attributes['session.id']])).toEqual([
      ['client', 'the-session'],
      ['root', 'the-session'],
    ]);
  });

  test('keeps requests apart that have the same trace', () => {
    const { start, bind } = setUp('roots');
    const caller = start('caller');
    const remote = trace.wrapSpanContext({ ...caller.spanContext(), isRemote: true });
    const callee = start('callee', remote);
    expect(callee.isRecording()).toBe(true);
    const below = start('below', callee);
    bind(below);
    expect(slotInContext(below)).toBe(slotInContext(callee));
    expect(slotInContext(caller)?.binding).toBeUndefined();
  });

  test('brings lifecycle events to the root, and to a span of their own once it has ended', () => {
    const { start, inside, lifecycle, emitted } = setUp('roots');
    const root = start('root');
    const internal = start('internal', root);
    inside(internal, () => {
      lifecycle.record(lifecycle.callSite(), 'oidc.token.rejected', { 'oidc.error': 'expired' });
    });
    root.end();
    inside(internal, () => {
      lifecycle.record(lifecycle.callSite(), 'oidc.token.revoked', {});
    });
    lifecycle.flush();
    expect(emitted.map(({ name, events }) => [name, events.map((event) => event.name)])).toEqual([
      ['root', ['oidc.token.rejected']],
      ['oidc.token.revoked', ['oidc.token.revoked']],
    ]);
    expect(emitted[1]?.spanContext().traceId).toBe(root.spanContext().traceId);
  });

  test('says nothing about traces that are sampled', () => {
    const { start, emitted } = setUp('roots', new TraceIdRatioBasedSampler(1));
    const root = start('root');
    start('internal', root).end();
    root.end();
    expect(namesOf(emitted).toSorted()).toEqual(['internal', 'root']);
  });

  test('a scope that starts below a span has local roots of its own', () => {
    const { start, inside, lifecycle, emitted } = setUp('roots');
    const root = start('root');
    inside(root, () => {
      lifecycle.runInScope(binding(), () => {
        start('job', root).end();
      });
    });
    root.end();
    expect(emitted.map(({ name, attributes }) => [name, attributes['session.id']])).toEqual([
      ['job', 'the-session'],
      ['root', undefined],
    ]);
  });

  test('leaves what the API returns while tracing is suppressed as it is', () => {
    const { start, processor } = setUp('roots');
    const shared = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });
    const provider = { _activeSpanProcessor: {}, getTracer: () => ({ startSpan: () => shared }) };
    attachToProvider(provider, processor);
    const context = trace.setSpan(ROOT_CONTEXT, start('root'));
    const tracer: { startSpan(...args: unknown[]): Span } = provider.getTracer();
    expect(tracer.startSpan('x', {}, context)).toBe(shared);
    expect(slotInContext(shared)).toBeUndefined();
  });
});

describe('sessions', () => {
  test('records of an unsampled trace everything, once a session is bound', () => {
    const { start, emitted, provisional, bind } = setUp('sessions');
    const root = start('root');
    start('before', root).end();
    vi.advanceTimersByTime(PROVISIONAL_AFTER_MS * 2);
    expect([emitted, provisional]).toEqual([[], []]);
    bind(root);
    start('after', root).end();
    root.end();
    expect(emitted.map(({ name, attributes }) => [name, attributes['session.id']])).toEqual([
      ['before', 'the-session'],
      ['after', 'the-session'],
      ['root', 'the-session'],
    ]);
  });

  test('records nothing of a request that never has one', () => {
    const { start, emitted, provisional } = setUp('sessions');
    const root = start('root');
    start('child', root).end();
    const late = start('late', root);
    vi.advanceTimersByTime(PROVISIONAL_AFTER_MS * 2);
    root.end();
    late.end();
    expect([emitted, provisional]).toEqual([[], []]);
  });

  test('keeps a span that tells of a refused token or an action', () => {
    const { start, inside, lifecycle, emitted } = setUp('sessions');
    for (const name of ['oidc.token.rejected', 'audit.action', 'exception']) {
      const root = start(`root of ${name}`);
      start('child', root).end();
      if (name === 'exception') root.addEvent(name);
      else
        inside(root, () => {
          lifecycle.record(lifecycle.callSite(), name, {});
        });
      root.end();
    }
    expect(namesOf(emitted)).toEqual(['root of oidc.token.rejected', 'root of audit.action']);
  });

  test('says nothing about traces that are sampled', () => {
    const { start, emitted, provisional } = setUp('sessions', new TraceIdRatioBasedSampler(1));
    const root = start('root');
    start('child', root).end();
    vi.advanceTimersByTime(PROVISIONAL_AFTER_MS * 2);
    expect(namesOf(provisional)).toEqual(['child']);
    root.end();
    expect(namesOf(emitted)).toEqual(['child', 'root']);
  });

  test('records beyond the bound at once, rather than not at all', () => {
    const { start, emitted } = setUp('sessions');
    const root = start('root');
    for (let index = 0; index <= MAX_HELD_PER_SLOT; index++) start(`child ${index}`, root).end();
    expect(namesOf(emitted)).toEqual(['child 0']);
  });
});

test('all is the default, and makes every span', () => {
  const { start, emitted } = setUp('all');
  const root = start('root');
  start('internal', root).end();
  root.end();
  expect(namesOf(emitted)).toEqual(['internal', 'root']);
});
