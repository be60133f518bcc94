import { ATTR_OIDC_CLIENT_ID, EVENT_AUDIT_ACTION } from '../attributes.ts';
import type { Outcome } from '../audit-record.ts';
import type { OtlpAttributes, OtlpEvent, OtlpSpan } from '../span.ts';
import { businessAction } from './business-action.ts';
import type { BusinessAction } from './business-action.ts';
import { httpFacts, verbOfMethod } from './http.ts';
import type { HttpFacts } from './http.ts';
import { KIND_SERVER, isInbound, kindName } from './kind.ts';
import { lifecycleMeaning } from './lifecycle.ts';
import { readText } from './read.ts';

/** What happened, as `event.*` and `audit.*` say it. */
export interface Description {
  /** `event.action`. */
  action: string;
  /** `audit.action`: an upper-case verb. */
  verb: string;
  category: readonly string[];
  type: readonly string[];
  outcome: Outcome;
  target: { type: string; id?: string } | undefined;
}

const STATUS_OK = 1;
const STATUS_ERROR = 2;
const REFUSED = new Set([401, 403]);

/** Describes a span. */
export function describeSpan(span: OtlpSpan, attributes: OtlpAttributes): Description {
  const http = httpFacts(attributes, span.kind);
  const business = businessAction(attributes);
  const outcome = outcomeOf(span.status.code, http);
  const { category, type } = classOf(span.kind, http);
  const route = http?.route === undefined ? undefined : { type: 'http.route', id: http.route };
  if (business !== undefined)
    return { ...describeBusiness(business), category, type, outcome: business.outcome ?? outcome };
  if (http === undefined) {
    return { action: kindName(span.kind), verb: 'EXECUTE', category, type, outcome, target: undefined };
  }
  const action = http.route === undefined ? http.method : `${http.method} ${http.route}`;
  return { action, verb: verbOfMethod(http.method), category, type, outcome, target: route };
}

/**
 * Describes a lifecycle event or a business action; undefined where the event is neither.
 *
 * @param attributes - The event's attributes, completed from its span's.
 */
export function describeEvent(event: OtlpEvent, attributes: OtlpAttributes): Description | undefined {
  const meaning = lifecycleMeaning(event.name);
  if (meaning === undefined) {
    const business = event.name === EVENT_AUDIT_ACTION ? businessAction(attributes) : undefined;
    return business === undefined ? undefined : describeBusiness(business);
  }
  const client = readText(attributes, ATTR_OIDC_CLIENT_ID);
  const target = client === undefined ? undefined : { type: 'oidc.client', id: client };
  return { ...meaning, action: event.name, target };
}

function describeBusiness({ name, targetType, outcome }: BusinessAction): Description {
  return {
    action: name,
    verb: name.toUpperCase(),
    category: ['api'],
    type: ['info'],
    outcome: outcome ?? 'success',
    target: targetType === undefined ? undefined : { type: targetType },
  };
}

function outcomeOf(statusCode: number, http: HttpFacts | undefined): Outcome {
  if (statusCode === STATUS_ERROR) return 'failure';
  if (http?.status !== undefined) return http.status >= 400 ? 'failure' : 'success';
  // A call that nobody saw an answer to may have had any outcome.
  return http === undefined || statusCode === STATUS_OK ? 'success' : 'unknown';
}

function classOf(kind: number, http: HttpFacts | undefined): Pick<Description, 'category' | 'type'> {
  const category = http === undefined ? ['api'] : ['api', 'web'];
  if (kind === KIND_SERVER) {
    const refused = http?.status !== undefined && REFUSED.has(http.status);
    return { category, type: ['access', refused ? 'denied' : 'allowed'] };
  }
  return { category, type: http !== undefined || isInbound(kind) ? ['access'] : ['info'] };
}
