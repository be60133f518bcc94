import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import type * as Core from '@opentelemetry/core';
import type * as Resources from '@opentelemetry/resources';
import type * as Sdk from '@opentelemetry/sdk-trace';

/**
 * The OpenTelemetry SDK that this package brings. It is loaded when the first span of our own provider is wanted and
 * not before: where the application has a provider it never is. Nothing here is registered with any copy of the API.
 */
export interface OwnSdk {
  readonly provider: Sdk.TracerProvider;
  readonly rootContext: Api.Context;
  /** The context that the headers of a request continue, by W3C Trace Context; the root context if they do not. */
  extract(headers: Readonly<Record<string, string | string[] | undefined>>): Api.Context;
  /** A server span of our own making. */
  startServerSpan(name: string, attributes: Api.Attributes, context: Api.Context): Api.Span;
  /** Says of a span that what it stands for failed. */
  markFailed(span: Api.Span): void;
}

/** The instrumentation scope of spans that no library asked for. */
const SCOPE = '@spanledger/instrumentation-oidc';

/** Where OpenTelemetry's settings are. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Loads the SDK. Its resource is what the environment says about the service, and its sampler the one that
 * `OTEL_TRACES_SAMPLER` asks for: `none` means that nothing is exported, not that nothing is sampled.
 *
 * @param env - The environment.
 */
export function loadSdk(env: Environment): OwnSdk {
  // `require` loads in the same turn, from the tracer's first call on.
  const require = createRequire(import.meta.url);
  const api: typeof Api = require('@opentelemetry/api');
  const core: typeof Core = require('@opentelemetry/core');
  const resources: typeof Resources = require('@opentelemetry/resources');
  const sdk: typeof Sdk = require('@opentelemetry/sdk-trace');

  const detected = resources.detectResources({
    detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector],
  });
  const propagator = new core.W3CTraceContextPropagator();
  const provider = new sdk.TracerProvider({
    resource: resources.defaultResource().merge(detected),
    sampler: samplerOf(env, sdk),
  });
  return {
    provider,
    rootContext: api.ROOT_CONTEXT,
    extract: (headers) => propagator.extract(api.ROOT_CONTEXT, headers, api.defaultTextMapGetter),
    startServerSpan: (name, attributes, context) =>
      provider.getTracer(SCOPE).startSpan(name, { kind: api.SpanKind.SERVER, attributes }, context),
    markFailed: (span) => {
      span.setStatus({ code: api.SpanStatusCode.ERROR });
    },
  };
}

/** As the specification has it; an unknown name, or a ratio that is none, is answered as the SDK does: by all. */
function samplerOf(env: Environment, sdk: typeof Sdk): Sdk.Sampler {
  const name = env['OTEL_TRACES_SAMPLER']?.trim().toLowerCase() ?? '';
  const prefix = 'parentbased_';
  const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const root = rootSampler(own, env['OTEL_TRACES_SAMPLER_ARG'], sdk);
  return own === name && root !== undefined
    ? root
    : new sdk.ParentBasedSampler({ root: root ?? new sdk.AlwaysOnSampler() });
}

function rootSampler(name: string, argument: string | undefined, sdk: typeof Sdk): Sdk.Sampler | undefined {
  switch (name) {
    case 'always_on':
      return new sdk.AlwaysOnSampler();
    case 'always_off':
      return new sdk.AlwaysOffSampler();
    case 'traceidratio': {
      const ratio = argument === undefined || argument.trim() === '' ? Number.NaN : Number(argument);
      return ratio >= 0 && ratio <= 1 ? new sdk.TraceIdRatioBasedSampler(ratio) : new sdk.AlwaysOnSampler();
    }
    default:
      return undefined;
  }
}
