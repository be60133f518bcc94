import { memberOf, methodOf } from './global-api.ts';
import type { UnsampledRule } from './unsampled.ts';

/** `SamplingDecision` of the API, all versions. */
const NOT_RECORD = 0;
const RECORD = 1;

const wrapped = new WeakSet<object>();

/**
 * A sampler that decides as the given one does, except that what would not be recorded is recorded all the same. It is
 * not sampled: the flag that is propagated, and what the application's own exporters send, stay as they were.
 *
 * @param sampler - The application's sampler.
 * @param rule - Which of the spans that it does not sample are needed; without one, all.
 */
export function recordAll(sampler: object, rule?: UnsampledRule): object {
  if (wrapped.has(sampler)) return sampler;
  const decide = methodOf(sampler, 'shouldSample');
  if (decide === undefined) return sampler;
  const recording = Object.create(sampler, {
    shouldSample: {
      configurable: true,
      writable: true,
      value: (...args: unknown[]): unknown => {
        const result = decide(...args);
        if (memberOf(result, 'decision') !== NOT_RECORD || rule?.needs(args[0], args[3]) === false)
          return result;
        return Object.assign({}, result, { decision: RECORD });
      },
    },
    toString: { configurable: true, writable: true, value: methodOf(sampler, 'toString') },
  });
  wrapped.add(recording);
  return recording;
}

/**
 * Replaces the sampler of a provider, for the tracers it will make and those it has made.
 *
 * @param provider - A tracer provider of SDK 1.x, 2.x or 3.x.
 * @param rule - As for {@link recordAll}.
 */
export function recordAllSpansOf(provider: object, rule?: UnsampledRule): void {
  for (const holder of [memberOf(provider, '_tracerOptions'), memberOf(provider, '_config')]) {
    replaceSampler(holder, 'sampler', rule);
  }
  const tracers = memberOf(provider, '_tracers');
  if (tracers instanceof Map) for (const tracer of tracers.values()) replaceSampler(tracer, '_sampler', rule);
}

function replaceSampler(holder: unknown, name: string, rule: UnsampledRule | undefined): void {
  const sampler = memberOf(holder, name);
  if (typeof holder !== 'object' || holder === null || typeof sampler !== 'object' || sampler === null)
    return;
  Reflect.set(holder, name, recordAll(sampler, rule));
}
