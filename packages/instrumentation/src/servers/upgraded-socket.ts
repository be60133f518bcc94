import { memberOf } from '../attach/global-api.ts';
import type { LibraryFunction } from '../libraries/library.ts';
import type { SessionScope, SessionScopes } from '../session/scope.ts';
import { guarded } from '../warning.ts';

/** What is to be known about an upgraded socket. */
export interface SocketObserver {
  /** The first bytes that the application writes to it: the head of its answer, as a rule. */
  answered(head: string): void;
  /** It is closed: nothing of it is left. */
  closed(): void;
}

/** As much of an answer as holds its status. */
const HEAD_CHARS = 16;

/**
 * Runs everything that a socket emits in a scope, from now until it is closed: data that arrives, and with it what any
 * WebSocket library makes of it. The socket gets its own properties back as they were.
 */
export function followSocket(
  socket: object,
  scopes: SessionScopes,
  scope: SessionScope,
  observer: SocketObserver,
): void {
  const restores = ['write', 'end'].map((name) =>
    replace(socket, name, (original) => (self, args) => {
      noteAnswer(args[0]);
      return Reflect.apply(original, self, args);
    }),
  );
  const restoreEmit = replace(socket, 'emit', (original) => (self, args) => {
    try {
      return scopes.run(scope, () => Reflect.apply(original, self, args));
    } finally {
      if (args[0] === 'close') guarded('SOCKET_CLOSE', close);
    }
  });

  function noteAnswer(chunk: unknown): void {
    const head = headOf(chunk);
    if (head === undefined) return;
    guarded('SOCKET_ANSWER', () => {
      for (const restore of restores.splice(0)) restore();
      observer.answered(head);
    });
  }

  function close(): void {
    for (const restore of [...restores.splice(0), restoreEmit]) restore();
    observer.closed();
  }
}

type Around = (self: unknown, args: unknown[]) => unknown;

/** Replaces a method of one object, and gives back what puts the object back as it was. */
function replace(target: object, name: string, around: (original: LibraryFunction) => Around): () => void {
  const original = memberOf(target, name);
  if (!isFunction(original)) return () => undefined;
  const own = Object.getOwnPropertyDescriptor(target, name);
  const call = around(original);
  const replacement: LibraryFunction = function (this: unknown, ...args) {
    return call(this, args);
  };
  Object.defineProperty(target, name, {
    value: replacement,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return () => {
    // Somebody has wrapped ours: it stays in between, and only calls on.
    if (memberOf(target, name) !== replacement) return;
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}

function isFunction(value: unknown): value is LibraryFunction {
  return typeof value === 'function';
}

function headOf(chunk: unknown): string | undefined {
  if (typeof chunk === 'string') return chunk === '' ? undefined : chunk.slice(0, HEAD_CHARS);
  if (!(chunk instanceof Uint8Array) || chunk.length === 0) return undefined;
  return Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, HEAD_CHARS)).toString('latin1');
}
