import { afterEach, beforeEach, expect, test } from 'vitest';
import { API_SYMBOL } from '../../../packages/instrumentation/src/attach/global-api.ts';
import { SelfMetrics } from '../../../packages/instrumentation/src/metrics/self-metrics.ts';

type Callback = (result: { observe: (value: number, attributes: object) => void }) => void;

/** A meter provider as the API has it, and what it was told. */
class Provider {
  readonly callbacks = new Map<string, Callback>();
  readonly recorded: [number, object][] = [];
  meters = 0;

  getMeter(): object {
    this.meters += 1;
    const observable = (name: string): object => ({
      addCallback: (callback: Callback) => this.callbacks.set(name, callback),
    });
    return {
      createObservableCounter: observable,
      createObservableUpDownCounter: observable,
      createHistogram: () => ({
        record: (value: number, attributes: object) => this.recorded.push([value, attributes]),
      }),
    };
  }

  observe(name: string): [number, object][] {
    const seen: [number, object][] = [];
    this.callbacks.get(name)?.({ observe: (value, attributes) => seen.push([value, attributes]) });
    return seen;
  }
}

const before: unknown = Reflect.get(globalThis, API_SYMBOL);
let reads = 0;
let metrics: SelfMetrics;

beforeEach(() => {
  reads = 0;
  const count = (value: number) => () => {
    reads += 1;
    return value;
  };
  metrics = new SelfMetrics({
    emitted: count(10),
    exported: count(6),
    dropped: () => [
      ['spool_full', 2],
      ['rejected', 1],
    ],
    depth: count(1),
  });
  Reflect.set(globalThis, API_SYMBOL, undefined);
});
afterEach(() => {
  Reflect.set(globalThis, API_SYMBOL, before);
});

test('without a provider nothing is asked for, and nothing throws', () => {
  metrics.look();
  metrics.recordAttempt(5, undefined);
  Reflect.set(globalThis, API_SYMBOL, { version: '1.10.0' });
  metrics.look();
  expect(reads).toBe(0);
});

test('a provider that comes later is found, once; another one after it as well', () => {
  metrics.look();
  const [first, second] = [new Provider(), new Provider()];
  Reflect.set(globalThis, API_SYMBOL, { metrics: first });
  for (let index = 0; index < 3; index++) metrics.look();
  expect(first.meters).toBe(1);
  expect(reads).toBe(0);
  expect(first.observe('audit.records.emitted')).toEqual([[10, {}]]);
  expect(first.observe('audit.records.exported')).toEqual([[6, {}]]);
  expect(first.observe('audit.queue.depth')).toEqual([[1, {}]]);
  expect(first.observe('audit.records.dropped')).toEqual([
    [2, { 'error.type': 'spool_full' }],
    [1, { 'error.type': 'rejected' }],
  ]);
  metrics.recordAttempt(250, undefined);
  Reflect.set(globalThis, API_SYMBOL, { metrics: second });
  metrics.recordAttempt(1_000, '503');
  expect(first.recorded).toEqual([[0.25, {}]]);
  expect(second.recorded).toEqual([[1, { 'error.type': '503' }]]);
});

test.each([{}, { getMeter: () => undefined }, { getMeter: () => ({}) }, { getMeter: 'no' }])(
  'a provider of another kind is left alone: %#',
  (provider) => {
    Reflect.set(globalThis, API_SYMBOL, { metrics: provider });
    metrics.look();
    metrics.recordAttempt(1, undefined);
    expect(reads).toBe(0);
  },
);
