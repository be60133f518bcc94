import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { LibraryFunction } from '../libraries/library.ts';
import { guarded, warnAboutFailure } from '../warning.ts';

/** Runs the emission of an event that brings a request, and with an upgrade its socket; the emission's result is returned. */
export type AroundRequest = (
  event: RequestEvent,
  request: unknown,
  socket: unknown,
  emit: () => unknown,
) => unknown;

/** The events by which a server hands a request to the application. */
export type RequestEvent = 'request' | 'checkContinue' | 'checkExpectation' | 'upgrade' | 'connect';

const REQUEST_EVENTS: ReadonlySet<unknown> = new Set<RequestEvent>([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
]);

/**
 * Puts something around the requests of every HTTP server of this thread: Node has no diagnostics channel for upgrades,
 * and none that encloses the application's handlers.
 *
 * @param around - Calls `emit` exactly once. What it throws before that is told, and the event is emitted all the same.
 */
export function aroundRequests(around: AroundRequest): void {
  for (const { prototype } of [HttpServer, HttpsServer]) {
    guarded('SERVER_EMIT', () => {
      wrapEmit(prototype, around);
    });
  }
}

function wrapEmit(prototype: object, around: AroundRequest): void {
  const original: unknown = Reflect.get(prototype, 'emit');
  if (typeof original !== 'function') return;
  const emit: LibraryFunction = function (this: unknown, ...args) {
    if (!isRequestEvent(args[0])) return Reflect.apply(original, this, args);
    let isEmitted = false;
    const proceed = (): unknown => {
      isEmitted = true;
      return Reflect.apply(original, this, args);
    };
    try {
      return around(args[0], args[1], args[2], proceed);
    } catch (error) {
      // What the application's own listeners throw is theirs.
      if (isEmitted) throw error;
      warnAboutFailure('SERVER_EMIT', error);
      return proceed();
    }
  };
  Object.defineProperty(prototype, 'emit', {
    value: emit,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}

function isRequestEvent(event: unknown): event is RequestEvent {
  return REQUEST_EVENTS.has(event);
}
