import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { memberOf, methodOf } from '../../../packages/instrumentation/src/attach/global-api.ts';
import { ownContext } from '../../../packages/instrumentation/src/attach/own-context.ts';
import { preloadsOf } from '../../../packages/instrumentation/src/own-provider/api-copies.ts';
import { OwnProvider } from '../../../packages/instrumentation/src/own-provider/own-provider.ts';
import { routeOf } from '../../../packages/instrumentation/src/own-provider/request-attributes.ts';

interface StartedSpan {
  name: string;
  parentSpanContext?: { spanId: string };
  spanContext(): { spanId: string; traceFlags: number };
}

function provider(env: Record<string, string> = {}): {
  own: OwnProvider;
  started: StartedSpan[];
  uses: number[];
} {
  const started: StartedSpan[] = [];
  const uses: number[] = [];
  const own = new OwnProvider({
    env,
    onUsed: () => uses.push(started.length),
    processor: {
      onStart: (span: StartedSpan) => started.push(span),
      onEnd: () => undefined,
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  });
  return { own, started, uses };
}

test('a span is below the active one, or the one of the context that is given', () => {
  const { own, started, uses } = provider();
  const tracer = own.getTracer('scope', '1');
  expect(uses).toEqual([]);
  const result = tracer.startActiveSpan('outer', (outer: unknown) => {
    tracer.startSpan('inner');
    tracer.startSpan('other', {}, ROOT_CONTEXT);
    tracer.startSpan('root', { root: true });
    tracer.startActiveSpan('nested', {}, () => tracer.startSpan('deep'));
    return outer;
  });
  expect(uses).toEqual([0]);
  expect(result).toBe(started[0]);
  const idOf = (name: string): string | undefined =>
    started.find((span) => span.name === name)?.spanContext().spanId;
  expect(started.map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId])).toEqual([
    ['outer', undefined],
    ['inner', idOf('outer')],
    // Without a context manager, the root context is what the API gives to everybody.
    ['other', idOf('outer')],
    ['root', undefined],
    ['nested', idOf('outer')],
    ['deep', idOf('nested')],
  ]);
  expect(ownContext.getStore()).toBeUndefined();
  expect(trace.getSpan(context.active())).toBeUndefined();
});

test('once the application has a provider, every tracer is that one’s', () => {
  const { own, started } = provider();
  const tracer = own.getTracer('scope', '1', { schemaUrl: 'https://schema' });
  tracer.startSpan('ours');
  const calls: unknown[][] = [];
  const theirs = {
    getTracer: (...scope: unknown[]) => ({
      startSpan: (...args: unknown[]) => calls.push([scope, ...args]),
      startActiveSpan: (...args: unknown[]) => calls.push([scope, ...args]),
    }),
  };
  own.stepAside(theirs);
  expect(own.isReplaced).toBe(true);
  tracer.startSpan('theirs', { kind: 1 }, ROOT_CONTEXT);
  const work = (): void => undefined;
  own.getTracer('new').startActiveSpan('active', work);
  expect(calls).toEqual([
    [['scope', '1', { schemaUrl: 'https://schema' }], 'theirs', { kind: 1 }, ROOT_CONTEXT],
    [['new'], 'active', work],
  ]);
  expect(started.map(({ name }) => name)).toEqual(['ours']);
});

test.each([
  [undefined, undefined, 1],
  ['always_on', undefined, 1],
  ['always_off', undefined, 0],
  ['parentbased_always_off', undefined, 0],
  ['traceidratio', '0', 0],
  ['parentbased_traceidratio', '1', 1],
  ['traceidratio', 'nonsense', 1],
  ['nonsense', undefined, 1],
])('sampler %s with %s: recorded, with the flag %i', (name, argument, flag) => {
  const env = {
    ...(name === undefined ? {} : { OTEL_TRACES_SAMPLER: name }),
    ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }),
  };
  const { own, started } = provider(env);
  own.getTracer('scope').startSpan('span');
  expect(started.map((span) => span.spanContext().traceFlags)).toEqual([flag]);
});

test('the resource says what the environment says', () => {
  process.env['OTEL_SERVICE_NAME'] = 'shop';
  process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment.name=test';
  try {
    const span = provider().own.getTracer('scope').startSpan('span');
    expect(memberOf(memberOf(span, 'resource'), 'attributes')).toMatchObject({
      'service.name': 'shop',
      'deployment.environment.name': 'test',
    });
    methodOf(span, 'end')?.();
  } finally {
    delete process.env['OTEL_SERVICE_NAME'];
    delete process.env['OTEL_RESOURCE_ATTRIBUTES'];
  }
});

test('preloads are found on the command line and in NODE_OPTIONS', () => {
  expect(
    preloadsOf(
      ['--import', 'a/register', '--enable-source-maps', '-r', './b.cjs', '--import'],
      '--require=c --max-old-space-size=100 --import "d/register"',
    ),
  ).toEqual(['c', 'd/register', 'a/register', './b.cjs']);
  expect(preloadsOf([], undefined)).toEqual([]);
});

test.each([
  [{ route: { path: '/:id' }, baseUrl: '/orders' }, '/orders/:id'],
  [{ route: { path: '/orders' } }, '/orders'],
  [{ route: { path: /^\/o/ } }, undefined],
  [{}, undefined],
])('the route of %j is %s', (request, route) => {
  expect(routeOf(Object(request))).toBe(route);
});
