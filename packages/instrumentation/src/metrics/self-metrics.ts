import { API_SYMBOL, memberOf, methodOf } from '../attach/global-api.ts';

/** Name of the meter. */
const METER = '@spanledger/instrumentation-oidc';

const RECORDS = '{record}';
const ERROR_TYPE = 'error.type';

/** Seconds: a receiver on the same machine takes milliseconds, one that hangs is given up after ten seconds. */
const DURATION_BOUNDARIES: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Where the numbers come from; read when the application's metrics are collected, never per span. */
export interface MetricSources {
  /** Spans that were handed to the spool. */
  readonly emitted: () => number;
  /** Spans that the receiver has taken. */
  readonly exported: () => number;
  /** Spans that were lost or refused, by reason. */
  readonly dropped: () => Iterable<readonly [reason: string, count: number]>;
  /** Spans that wait in the spool of this process. */
  readonly depth: () => number;
}

type Record = (value: number, attributes: object) => unknown;

/**
 * Tells the application's own metrics how the audit path is doing, under the names of OpenTelemetry's draft Audit
 * Logging signal. It asks for the provider at the API's global symbol, again and again, since the application may
 * register one at any time.
 */
export class SelfMetrics {
  readonly #sources: MetricSources;
  #provider: unknown;
  #recordDuration: Record | undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** Looks whether there is a provider that was not there before; cheap enough for every write to the spool. */
  look(): void {
    const provider = memberOf(memberOf(globalThis, API_SYMBOL), 'metrics');
    if (provider === undefined || provider === this.#provider) return;
    this.#provider = provider;
    this.#recordDuration = undefined;
    const meter = methodOf(provider, 'getMeter')?.(METER);
    if (meter !== undefined) this.#createInstruments(meter);
  }

  /**
   * A request to the receiver was answered, or given up.
   *
   * @param durationMs - How long it took.
   * @param error - Why it was not taken; undefined where it was.
   */
  recordAttempt(durationMs: number, error: string | undefined): void {
    this.look();
    this.#recordDuration?.(durationMs / 1_000, error === undefined ? {} : { [ERROR_TYPE]: error });
  }

  #createInstruments(meter: unknown): void {
    const { emitted, exported, dropped, depth } = this.#sources;
    observe(meter, 'createObservableCounter', 'audit.records.emitted', {
      description: 'The number of audit records that were created.',
      observer: (observed) => {
        observed(emitted(), {});
      },
    });
    observe(meter, 'createObservableCounter', 'audit.records.exported', {
      description: 'The number of audit records that the receiver has confirmed.',
      observer: (observed) => {
        observed(exported(), {});
      },
    });
    observe(meter, 'createObservableCounter', 'audit.records.dropped', {
      description: 'The number of audit records that were lost, or refused by the receiver for good.',
      observer: (observed) => {
        for (const [reason, count] of dropped()) observed(count, { [ERROR_TYPE]: reason });
      },
    });
    observe(meter, 'createObservableUpDownCounter', 'audit.queue.depth', {
      description: 'The number of audit records that wait to be exported.',
      observer: (observed) => {
        observed(depth(), {});
      },
    });
    const histogram = methodOf(meter, 'createHistogram')?.('audit.export.duration', {
      description: 'The duration of a request that exports audit records.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BOUNDARIES },
    });
    this.#recordDuration = methodOf(histogram, 'record');
  }
}

interface Observed {
  readonly description: string;
  /** Called when metrics are collected, with what takes a value. */
  readonly observer: (observed: (value: number, attributes: object) => void) => void;
}

function observe(meter: unknown, create: string, name: string, { description, observer }: Observed): void {
  const instrument = methodOf(meter, create)?.(name, { description, unit: RECORDS });
  methodOf(
    instrument,
    'addCallback',
  )?.((result: unknown) => {
    const take = methodOf(result, 'observe');
    if (take !== undefined) observer(take);
  });
}
