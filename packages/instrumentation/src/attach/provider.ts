import { warnOnce } from '../warning.ts';
import { memberOf, methodOf } from './global-api.ts';
import { recordAllSpansOf } from './sampler.ts';
import { watchPlaceholders, type UnsampledRule } from './unsampled.ts';

/** What is put in front of a provider's own processors. */
export interface AttachedProcessor {
  /** Which spans of unsampled traces it needs; all, if there is no rule. */
  readonly unsampled?: UnsampledRule | undefined;
  onStart(span: unknown, parentContext: unknown): void;
  onEnd(span: unknown): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** By this property the span processor that applications may put into their list is known: `SessionSpanProcessor`. */
const SESSION_SPAN_PROCESSOR = 'isSessionSpanProcessor';

const seen = new WeakSet<object>();

/** The name under which 2.x and 3.x, and under which 1.x, keep a provider's processor. */
const PROCESSOR_FIELDS = ['_activeSpanProcessor', 'activeSpanProcessor'];

/**
 * Puts the processor in front of a provider's own, and makes the provider record what it would not sample. Once per
 * provider.
 *
 * @param provider - Whatever was registered as tracer provider.
 * @param processor - The processor.
 * @returns Whether this is a provider that makes spans, which holds for one that is not supported too: that is told.
 */
export function attachToProvider(provider: unknown, processor: AttachedProcessor): boolean {
  if (typeof provider !== 'object' || provider === null || seen.has(provider)) return false;
  seen.add(provider);
  const field = PROCESSOR_FIELDS.find((name) => isObject(memberOf(provider, name)));
  if (field === undefined) {
    // The API's own no-op provider has a getTracer and nothing else; nobody needs to hear about it.
    if (!isObject(memberOf(provider, '_tracers')) && !isObject(memberOf(provider, 'resource'))) return false;
    warnUnknown();
    return true;
  }
  prepend(provider, field, processor);
  recordAllSpansOf(provider, processor.unsampled);
  if (processor.unsampled !== undefined) watchPlaceholders(provider, processor.unsampled);
  return true;
}

function prepend(provider: object, field: string, processor: AttachedProcessor): void {
  const active = memberOf(provider, field);
  const list = memberOf(active, '_spanProcessors');
  if (isObject(active) && Array.isArray(list)) {
    // One that the application put there itself would end spans a second time.
    const others = list.filter((each) => memberOf(each, SESSION_SPAN_PROCESSOR) !== true);
    Reflect.set(active, '_spanProcessors', [processor, ...others]);
    return;
  }
  const pair = new ProcessorPair(processor, active);
  Reflect.set(provider, field, pair);
  // Tracers of 2.x and 3.x hold the processor themselves.
  const options = memberOf(provider, '_tracerOptions');
  if (isObject(options)) Reflect.set(options, 'spanProcessor', pair);
  const tracers = memberOf(provider, '_tracers');
  if (!(tracers instanceof Map)) return;
  for (const tracer of tracers.values()) {
    if (isObject(memberOf(tracer, '_spanProcessor'))) Reflect.set(Object(tracer), '_spanProcessor', pair);
  }
}

function warnUnknown(): void {
  warnOnce(
    'SPANLEDGER_UNKNOWN_PROVIDER',
    'Spanledger does not know this tracer provider: its spans are not recorded. Supported are the OpenTelemetry SDKs 1.x to 3.x and what is built on them.',
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Our processor and the single one that the provider had. */
class ProcessorPair {
  readonly #first: AttachedProcessor;
  readonly #second: unknown;

  constructor(first: AttachedProcessor, second: unknown) {
    this.#first = first;
    this.#second = second;
  }

  onStart(span: unknown, context: unknown): void {
    this.#first.onStart(span, context);
    methodOf(this.#second, 'onStart')?.(span, context);
  }

  onEnding(span: unknown): void {
    methodOf(this.#second, 'onEnding')?.(span);
  }

  onEnd(span: unknown): void {
    this.#first.onEnd(span);
    methodOf(this.#second, 'onEnd')?.(span);
  }

  async forceFlush(): Promise<void> {
    await this.#first.forceFlush();
    await methodOf(this.#second, 'forceFlush')?.();
  }

  async shutdown(): Promise<void> {
    await this.#first.shutdown();
    await methodOf(this.#second, 'shutdown')?.();
  }
}
