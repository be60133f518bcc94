import type { VerifiedClaims } from './bind-session.ts';
import type { EventContext } from './events/event-context.ts';
import { installedRuntime } from './global-runtime.ts';
import type { Binding } from './session/slot.ts';
import { guarded } from './warning.ts';

/**
 * Runs work under a session of its own: a background job, a message from a queue, a task that a request leaves behind
 * for somebody else. Every span that starts in it, synchronously or later, carries that session, also where the work is
 * called from a request that is bound to another one. Calls may be nested; the innermost counts.
 *
 * Asynchronous work belongs to it as long as it was started in it. A generator is not run by being made, nor a stream by
 * being returned: iterate, or consume, inside of `work`.
 *
 * @example
 *   import { withSession } from '@spanledger/instrumentation-oidc';
 *
 *   queue.process((job) => withSession(job.data.claims, () => sendInvoice(job.data.order)));
 *
 * @param claims - Claims that the application has verified itself: they are taken at their word.
 * @param work - Is called once, without arguments.
 * @returns What `work` returns; what it throws is thrown. Without `register`, or when `iss` or `sub` is missing, it is
 *   just called.
 */
export function withSession<T>(claims: VerifiedClaims, work: () => T): T {
  const events = installedRuntime()?.events;
  return events === undefined ? work() : withSessionScope(events, claims, work);
}

/** {@link withSession} in a given runtime. */
export function withSessionScope<T>(
  { lifecycle, sessions }: Pick<EventContext, 'lifecycle' | 'sessions'>,
  claims: VerifiedClaims,
  work: () => T,
): T {
  const binding = guarded('WITH_SESSION', (): Binding | undefined => {
    const session = sessions.resolve(claims, undefined);
    return session && { session, token: undefined };
  });
  return binding === undefined ? work() : lifecycle.runInScope(binding, work);
}
