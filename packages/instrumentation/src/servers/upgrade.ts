import { ATTR_CLIENT_ADDRESS, ATTR_USER_AGENT_ORIGINAL } from '@spanledger/record';
import { randomBytes } from 'node:crypto';
import { memberOf } from '../attach/global-api.ts';
import type { RecordedResource, SpanAttributes, SpanIdentity } from '../otlp/recorded-span.ts';
import type { SessionScope } from '../session/scope.ts';
import { defined } from '../session/session.ts';
import { OWN_INSTRUMENTATION, toHrTime } from '../session/lifecycle.ts';
import { SessionSlot, SLOT, type SlottedSpan } from '../session/slot.ts';
import { guarded } from '../warning.ts';
import type { Followed, RequestContext } from './incoming-requests.ts';
import { followSocket } from './upgraded-socket.ts';

/** How long the record of an upgrade waits for its session: many applications authenticate right after it. */
export const UPGRADE_GRACE_MS = 5_000;

/** `SpanKind.SERVER` and `SpanStatusCode.ERROR` of the API. */
const SERVER = 1;
const ERROR = 2;

const STATUS = /^HTTP\/1\.[01] (\d{3})\b/;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const NO_RESOURCE: RecordedResource = { attributes: {} };

/**
 * Emits an upgrade (or a CONNECT) in a scope of its own, in which the socket stays until it is closed. OpenTelemetry has
 * no server span for it, so there is one of ours: the call was made under somebody's session like any other.
 */
export function emitUpgrade(
  context: RequestContext,
  followed: Followed,
  request: unknown,
  socket: unknown,
  emit: () => unknown,
): unknown {
  if (typeof request === 'object' && request !== null) followed.add(request);
  const scope = guarded('UPGRADE', () => openScope(context, request, socket));
  return scope === undefined ? emit() : context.processor.scopes.run(scope, emit);
}

function openScope(context: RequestContext, request: unknown, socket: unknown): SessionScope | undefined {
  if (typeof socket !== 'object' || socket === null) return undefined;
  const { processor, incoming, now } = context;
  const span = upgradeSpan(request, socket, toHrTime(now()), processor.resource ?? NO_RESOURCE);
  const slot = new SessionSlot(span);
  span[SLOT] = slot;
  const propagated = incoming?.take(request);
  if (propagated !== undefined) processor.bind(slot, propagated);

  let grace: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (span.ended === true) return;
    span.ended = true;
    span.endTime = toHrTime(now());
    processor.endWaiting(slot, span);
    if (slot.held === null) return;
    grace = setTimeout(() => {
      guarded('UPGRADE_GRACE', () => {
        processor.giveUp(slot);
      });
    }, UPGRADE_GRACE_MS);
    grace.unref();
  };
  const scope: SessionScope = { slot, outer: undefined };
  followSocket(socket, processor.scopes, scope, {
    answered: (head) => {
      const status = STATUS.exec(head)?.[1];
      if (status !== undefined) {
        span.attributes['http.response.status_code'] = Number(status);
        if (status.startsWith('5')) span.status = { code: ERROR };
      }
      end();
    },
    closed: () => {
      end();
      clearTimeout(grace);
      processor.giveUp(slot);
    },
  });
  return scope;
}

function upgradeSpan(
  request: unknown,
  socket: object,
  startTime: [number, number],
  resource: RecordedResource,
): SlottedSpan {
  const headers = memberOf(request, 'headers');
  const method = memberOf(request, 'method');
  const parent = parentOf(memberOf(headers, 'traceparent'));
  const identity: SpanIdentity = {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: parent?.traceFlags ?? 0,
  };
  return {
    spanContext: () => identity,
    parentSpanContext: parent,
    name: typeof method === 'string' ? method : 'HTTP',
    kind: SERVER,
    startTime,
    endTime: startTime,
    attributes: requestAttributes(request, headers, socket),
    events: [],
    links: [],
    status: { code: 0 },
    resource,
    instrumentationScope: OWN_INSTRUMENTATION,
    ended: false,
  };
}

function requestAttributes(request: unknown, headers: unknown, socket: object): SpanAttributes {
  const url = textOf(memberOf(request, 'url')) ?? '';
  const [path, query] = splitOnce(url, '?');
  const peer = textOf(memberOf(socket, 'remoteAddress'));
  return defined({
    'http.request.method': textOf(memberOf(request, 'method')),
    'url.scheme': memberOf(socket, 'encrypted') === true ? 'https' : 'http',
    // CONNECT asks for a host and a port.
    ...(path.startsWith('/') ? { 'url.path': path } : { 'url.full': url }),
    'url.query': path.startsWith('/') ? query : undefined,
    'network.protocol.version': textOf(memberOf(request, 'httpVersion')),
    'network.peer.address': peer,
    [ATTR_CLIENT_ADDRESS]: firstOf(textOf(memberOf(headers, 'x-forwarded-for'))) ?? peer,
    [ATTR_USER_AGENT_ORIGINAL]: textOf(memberOf(headers, 'user-agent')),
  });
}

function parentOf(traceparent: unknown): SpanIdentity | undefined {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(textOf(traceparent) ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(',', 1)[0]?.trim();
  return first === '' ? undefined : first;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
