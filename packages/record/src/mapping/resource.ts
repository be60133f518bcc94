import type { OtlpAttributes, OtlpSpanGroup, OtlpValue } from '../span.ts';
import { streamIdOf } from './producer.ts';
import { readText } from './read.ts';
import { stableAttributes } from './semconv.ts';

/** What surrounds a span: its resource and instrumentation scope. */
export type SpanContext = Pick<OtlpSpanGroup, 'resource' | 'scope'>;

/** A resource as records need it, made once for all its spans. */
export interface ResourceFacts {
  serviceName: string;
  streamId: string | undefined;
  /** Attributes of `service.*` in the clear. */
  service: readonly (readonly [string, OtlpValue])[];
  /** Committed resource attributes. Any other is the business of the telemetry, not of the audit trail. */
  committed: readonly (readonly [string, OtlpValue])[];
}

const UNKNOWN_SERVICE = 'unknown_service';
const SERVICE_ATTRIBUTES = [
  'service.instance.id',
  'service.namespace',
  'service.version',
  'deployment.environment.name',
];
const COMMITTED_ATTRIBUTES = ['host.name', 'telemetry.sdk.language'];

const known = new WeakMap<OtlpAttributes, ResourceFacts>();

/** Reads a resource; the same map is read once. */
export function resourceFacts(resource: OtlpAttributes): ResourceFacts {
  let facts = known.get(resource);
  if (facts === undefined) {
    facts = readResource(stableAttributes(resource, 0));
    known.set(resource, facts);
  }
  return facts;
}

function readResource(resource: OtlpAttributes): ResourceFacts {
  const serviceName = readText(resource, 'service.name') ?? UNKNOWN_SERVICE;
  return {
    serviceName,
    streamId: streamIdOf(resource),
    service: [['service.name', serviceName], ...pick(resource, SERVICE_ATTRIBUTES)],
    committed: pick(resource, COMMITTED_ATTRIBUTES),
  };
}

function pick(resource: OtlpAttributes, keys: readonly string[]): [string, OtlpValue][] {
  const picked: [string, OtlpValue][] = [];
  for (const key of keys) {
    const value = resource.get(key);
    if (value !== undefined) picked.push([key, value]);
  }
  return picked;
}
