import type { AuditProcessor } from '../audit/audit-processor.ts';
import type { IncomingSessions } from '../propagation/incoming.ts';
import type { CallSite, Lifecycle } from '../session/lifecycle.ts';
import { SessionSlot, type Binding } from '../session/slot.ts';
import { guarded } from '../warning.ts';
import { aroundRequests } from './server-emit.ts';
import { emitUpgrade } from './upgrade.ts';

/** What handles the requests that servers emit. */
export interface RequestContext {
  readonly processor: AuditProcessor;
  readonly lifecycle: Lifecycle;
  /** Undefined where nobody is believed: then no header is read. */
  readonly incoming: IncomingSessions | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Upgrades and propagated requests that were seen to: a server may hand them on to another (`inner.emit('upgrade', …)`),
 * where they are no second one, and in nobody else's scope.
 */
export type Followed = WeakSet<object>;

/** `SpanKind.SERVER` of the API. */
const SERVER = 1;

/** Begins to see to the requests of every HTTP server of this thread. */
export function watchIncomingRequests(context: RequestContext): void {
  const followed: Followed = new WeakSet();
  aroundRequests((event, request, socket, emit) => {
    if (typeof request === 'object' && request !== null && followed.has(request)) return emit();
    return event === 'upgrade' || event === 'connect'
      ? emitUpgrade(context, followed, request, socket, emit)
      : emitRequest(context, followed, request, emit);
  });
}

/**
 * Emits a request: outside of any scope that its server was made in, or that an earlier request of its connection left
 * behind, and under the session that was propagated to it.
 */
function emitRequest(
  context: RequestContext,
  followed: Followed,
  request: unknown,
  emit: () => unknown,
): unknown {
  const { processor, lifecycle, incoming } = context;
  const { scopes } = processor;
  const binding = incoming && guarded('PROPAGATED', () => incoming.take(request));
  if (binding !== undefined) {
    followed.add(Object(request));
    const site = lifecycle.callSite();
    if (!isOfRequest(site)) {
      return scopes.run({ slot: slotOf(binding), outer: undefined, admitsServer: true }, emit);
    }
    lifecycle.bind(site, binding);
  }
  return scopes.active() === undefined ? emit() : scopes.leave(emit);
}

/** Whether the active span is the one that OpenTelemetry has just made for this request. */
function isOfRequest({ span, slot }: CallSite): boolean {
  return span !== undefined && span.kind === SERVER && span.ended !== true && slot?.root === span;
}

/** A slot without a span: what starts in its scope is bound as it is, and tells it what the application verifies. */
function slotOf(binding: Binding): SessionSlot {
  const slot = new SessionSlot(undefined);
  slot.binding = binding;
  return slot;
}
