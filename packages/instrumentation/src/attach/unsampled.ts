import { warnAboutFailure } from '../warning.ts';
import { activeContext, memberOf, methodOf } from './global-api.ts';

/** Which spans of traces that are not sampled are made all the same. Without a rule, all are. */
export interface UnsampledRule {
  /**
   * Whether a span that is about to start is needed.
   *
   * @param parentContext - The context it starts in.
   * @param kind - Its `SpanKind`.
   */
  needs(parentContext: unknown, kind: unknown): boolean;
  /**
   * Called with what the application gets in the place of a span that is not: it stands for one as a parent.
   *
   * @param placeholder - A span of the API that records nothing.
   * @param parentContext - The context it starts in.
   */
  replaced(placeholder: object, parentContext: unknown): void;
}

const NO_SPAN_ID = '0000000000000000';
const watched = new WeakSet<object>();

/**
 * Tells a rule about the placeholders that a provider's tracers return. The SDK makes them without asking anybody: no
 * processor hears of them, and the sampler does not see them.
 *
 * @param provider - A tracer provider of SDK 1.x, 2.x or 3.x.
 * @param rule - Is told.
 */
export function watchPlaceholders(provider: object, rule: UnsampledRule): void {
  const getTracer = methodOf(provider, 'getTracer');
  if (getTracer === undefined) return;
  Reflect.set(provider, 'getTracer', (...args: unknown[]): unknown => watchTracer(getTracer(...args), rule));
  const tracers = memberOf(provider, '_tracers');
  if (tracers instanceof Map) for (const tracer of tracers.values()) watchTracer(tracer, rule);
}

function watchTracer(tracer: unknown, rule: UnsampledRule): unknown {
  if (typeof tracer !== 'object' || tracer === null || watched.has(tracer)) return tracer;
  const startSpan = methodOf(tracer, 'startSpan');
  if (startSpan === undefined) return tracer;
  watched.add(tracer);
  // `startActiveSpan` of all SDKs calls it.
  Reflect.set(tracer, 'startSpan', (...args: unknown[]): unknown => {
    const span = startSpan(...args);
    try {
      if (isPlaceholder(span)) rule.replaced(span, args[2] ?? activeContext());
    } catch (error) {
      warnAboutFailure('PLACEHOLDER', error);
    }
    return span;
  });
  return tracer;
}

/** Spans of the SDK have attributes. Where tracing is suppressed, what is returned has no identity, and may be shared. */
function isPlaceholder(span: unknown): span is object {
  if (typeof span !== 'object' || span === null || 'attributes' in span) return false;
  const spanId = memberOf(methodOf(span, 'spanContext')?.(), 'spanId');
  return spanId !== undefined && spanId !== NO_SPAN_ID;
}
