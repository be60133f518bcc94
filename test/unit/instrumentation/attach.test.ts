import { afterEach, describe, expect, test } from 'vitest';
import { watchProviders } from '../../../packages/instrumentation/src/attach/api-trap.ts';
import { methodOf } from '../../../packages/instrumentation/src/attach/global-api.ts';
import {
  attachToProvider,
  type AttachedProcessor,
} from '../../../packages/instrumentation/src/attach/provider.ts';
import { recordAll } from '../../../packages/instrumentation/src/attach/sampler.ts';

const API = Symbol.for('opentelemetry.js.api.1');
const saved = Object.getOwnPropertyDescriptor(globalThis, API);

afterEach(() => {
  Reflect.deleteProperty(globalThis, API);
  if (saved !== undefined) Object.defineProperty(globalThis, API, saved);
});

class RecordingProcessor implements AttachedProcessor {
  readonly calls: string[];
  readonly #name: string;
  constructor(calls: string[] = [], name = 'ours') {
    this.calls = calls;
    this.#name = name;
  }
  onStart(): void {
    this.calls.push(`${this.#name} start`);
  }
  onEnd(): void {
    this.calls.push(`${this.#name} end`);
  }
  forceFlush(): Promise<void> {
    this.calls.push(`${this.#name} flush`);
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    this.calls.push(`${this.#name} shutdown`);
    return Promise.resolve();
  }
}

const sampler = (decision: number): object => ({
  shouldSample: () => ({ decision, attributes: { a: 1 }, traceState: 'kept' }),
  toString: () => 'Theirs',
});

/** What registerGlobal of the API does. */
function registerTrace(trace: object | undefined): void {
  const api: Record<string, unknown> = Reflect.get(globalThis, API) ?? { version: '1.10.0' };
  Reflect.set(globalThis, API, api);
  if (trace === undefined) delete api['trace'];
  else api['trace'] = trace;
}

class ProxyProvider {
  _delegate: object | undefined;
  setDelegate(delegate: object): void {
    this['_delegate'] = delegate;
  }
}

describe('finding providers', () => {
  test('that were registered before and after', () => {
    const seen: unknown[] = [];
    const before = { name: 'before' };
    const proxy = new ProxyProvider();
    registerTrace(proxy);
    proxy.setDelegate(before);
    watchProviders((provider) => seen.push(provider));
    expect(seen).toEqual([before]);
    const after = { name: 'after' };
    proxy.setDelegate(after);
    expect(proxy['_delegate']).toBe(after);
    expect(seen).toEqual([before, after]);
  });

  test('when the API is loaded later, proxies nest, and tracing is disabled in between', () => {
    const seen: unknown[] = [];
    Reflect.deleteProperty(globalThis, API);
    watchProviders((provider) => seen.push(provider));
    const outer = new ProxyProvider();
    const inner = new ProxyProvider();
    registerTrace(outer);
    outer.setDelegate(inner);
    inner.setDelegate({ name: 'first' });
    registerTrace(undefined);
    registerTrace(new ProxyProvider());
    const { trace }: { trace: ProxyProvider } = Reflect.get(globalThis, API);
    trace.setDelegate({ name: 'second' });
    registerTrace({ name: 'direct' });
    expect(seen).toEqual([{ name: 'first' }, { name: 'second' }, { name: 'direct' }]);
  });
});

describe('attaching', () => {
  test('to the list of a MultiSpanProcessor, in front, once', () => {
    const theirs = new RecordingProcessor();
    const active = { _spanProcessors: [theirs] };
    const provider = { _activeSpanProcessor: active };
    const ours = new RecordingProcessor();
    attachToProvider(provider, ours);
    attachToProvider(provider, ours);
    expect(active['_spanProcessors']).toEqual([ours, theirs]);
  });

  test.each([['_activeSpanProcessor'], ['activeSpanProcessor']])(
    'to a single processor: %s',
    async (field) => {
      const calls: string[] = [];
      const tracer = { _spanProcessor: {}, _sampler: sampler(0) };
      const provider = {
        [field]: new RecordingProcessor(calls, 'theirs'),
        _tracerOptions: { spanProcessor: {}, sampler: sampler(0) },
        _tracers: new Map([['t', tracer]]),
      };
      attachToProvider(provider, new RecordingProcessor(calls));
      const pair: unknown = Reflect.get(provider, field);
      expect(tracer['_spanProcessor']).toBe(pair);
      expect(provider['_tracerOptions'].spanProcessor).toBe(pair);
      if (!isProcessor(pair)) throw new Error('not a processor');
      pair.onStart({}, {});
      pair.onEnd({});
      await pair.forceFlush();
      await pair.shutdown();
      expect(calls).toEqual(
        ['start', 'end', 'flush', 'shutdown'].flatMap((call) => [`ours ${call}`, `theirs ${call}`]),
      );
    },
  );

  test.each([
    [null],
    [undefined],
    ['text'],
    [{}],
    [{ getTracer: () => ({}) }],
    [Object.freeze({ _tracers: {} })],
  ])('to %j does nothing and throws nothing', (provider) => {
    expect(() => {
      attachToProvider(provider, new RecordingProcessor());
    }).not.toThrow();
  });
});

describe('sampling', () => {
  test.each([
    [0, 1],
    [1, 1],
    [2, 2],
  ])('decision %i becomes %i', (decision, expected) => {
    const recording = recordAll(sampler(decision));
    const shouldSample: unknown = Reflect.get(recording, 'shouldSample');
    if (typeof shouldSample !== 'function') throw new Error('not a sampler');
    expect(Reflect.apply(shouldSample, recording, [])).toEqual({
      decision: expected,
      attributes: { a: 1 },
      traceState: 'kept',
    });
    expect(methodOf(recording, 'toString')?.()).toBe('Theirs');
    expect(recordAll(recording)).toBe(recording);
  });

  test('of the provider and of the tracers that it has made', () => {
    const tracer = { _sampler: sampler(0) };
    const own = sampler(0);
    const provider = {
      _activeSpanProcessor: { _spanProcessors: [] },
      _config: { sampler: own },
      _tracers: new Map([['t', tracer]]),
    };
    attachToProvider(provider, new RecordingProcessor());
    expect(provider['_config'].sampler).not.toBe(own);
    for (const each of [provider['_config'].sampler, tracer['_sampler']]) {
      expect(Reflect.apply(Reflect.get(each, 'shouldSample'), each, [])).toMatchObject({ decision: 1 });
    }
  });

  test('what is no sampler stays', () => {
    const odd = {};
    expect(recordAll(odd)).toBe(odd);
  });
});

function isProcessor(value: unknown): value is AttachedProcessor {
  return typeof value === 'object' && value !== null && 'onStart' in value && 'onEnd' in value;
}
