import {
  activeContext,
  contextManager,
  memberOf,
  methodOf,
  SPAN_KEY,
  spanInContext,
} from '../attach/global-api.ts';
import { ownContext } from '../attach/own-context.ts';
import { attachToProvider, type AttachedProcessor } from '../attach/provider.ts';
import { loadSdk, type Environment, type OwnSdk } from './sdk.ts';

/** `SpanKind.SERVER` of the API. */
const SERVER = 1;

/** What an own provider works with. */
export interface OwnProviderParts {
  readonly processor: AttachedProcessor;
  readonly env: Environment;
  /** Called when it is about to make its first span. */
  readonly onUsed: () => void;
}

/**
 * The tracer provider for an application that registers none. It exports nothing: its spans go to the audit processor
 * alone. As soon as the application registers a provider, every tracer that was ever taken from here is that
 * provider's.
 */
export class OwnProvider {
  readonly #parts: OwnProviderParts;
  #sdk: OwnSdk | undefined;
  #replacement: unknown;
  #onServerSpan: (() => void) | undefined;

  constructor(parts: OwnProviderParts) {
    this.#parts = parts;
  }

  /** As the API asks for a tracer. */
  getTracer(...scope: unknown[]): OwnTracer {
    return new OwnTracer(this, scope);
  }

  /** Makes way for a provider that the application has registered. */
  stepAside(replacement: unknown): void {
    this.#replacement = replacement;
  }

  /** Whether the application's own provider is there. */
  get isReplaced(): boolean {
    return this.#replacement !== undefined;
  }

  /** The SDK, loaded on first use. */
  get sdk(): OwnSdk {
    if (this.#sdk === undefined) {
      this.#sdk = loadSdk(this.#parts.env);
      attachToProvider(this.#sdk.provider, this.#parts.processor);
      this.#parts.onUsed();
    }
    return this.#sdk;
  }

  /** Calls back when a library begins a server span through a tracer from here. */
  set onServerSpan(listener: () => void) {
    this.#onServerSpan = listener;
  }

  /** The application's tracer for a scope; undefined while it has no provider. */
  replacementTracer(scope: readonly unknown[]): unknown {
    return this.#replacement === undefined ? undefined : methodOf(this.#replacement, 'getTracer')?.(...scope);
  }

  /** A span of our own provider. */
  startSpan(scope: readonly unknown[], name: unknown, options: unknown, context: unknown): unknown {
    const isServer = memberOf(options, 'kind') === SERVER;
    if (isServer) this.#onServerSpan?.();
    const parent = isServer ? (context ?? this.sdk.rootContext) : this.parentIn(context);
    const tracer = methodOf(this.sdk.provider, 'getTracer')?.(...scope);
    const span = methodOf(tracer, 'startSpan')?.(name, options, parent);
    // SDK 1.x brings no context manager where it makes no provider: ours has the rest of this request.
    if (isServer && contextManager() === undefined) {
      ownContext.enterWith(methodOf(parent, 'setValue')?.(SPAN_KEY, span));
    }
    return span;
  }

  /** The context that a library gave; the active one if it gave none, or had nobody to ask for one. */
  parentIn(context: unknown): unknown {
    const isTheirs = contextManager() !== undefined || spanInContext(context) !== undefined;
    return (isTheirs ? context : undefined) ?? activeContext() ?? context ?? this.sdk.rootContext;
  }
}

/**
 * A tracer whose spans are the application's once it has a provider, and our own until then. It asks the global context
 * manager itself: the SDK's copy of the API refuses one that an older copy has registered.
 */
class OwnTracer {
  readonly #provider: OwnProvider;
  readonly #scope: readonly unknown[];
  #theirs: unknown;

  constructor(provider: OwnProvider, scope: readonly unknown[]) {
    this.#provider = provider;
    this.#scope = scope;
  }

  startSpan(name: unknown, options?: unknown, context?: unknown): unknown {
    const theirs = this.#replacement();
    return theirs === undefined
      ? this.#provider.startSpan(this.#scope, name, options ?? {}, context)
      : methodOf(theirs, 'startSpan')?.(name, options, context);
  }

  startActiveSpan(...args: unknown[]): unknown {
    const theirs = this.#replacement();
    if (theirs !== undefined) return methodOf(theirs, 'startActiveSpan')?.(...args);
    const work = args.at(-1);
    if (args.length < 2 || typeof work !== 'function') return undefined;
    const [name, options, context] = args.slice(0, -1);
    const parent = this.#provider.parentIn(context);
    const span = this.#provider.startSpan(this.#scope, name, options ?? {}, parent);
    const inner = methodOf(parent, 'setValue')?.(SPAN_KEY, span);
    const enter = methodOf(contextManager(), 'with');
    if (enter !== undefined) return enter(inner, work, undefined, span);
    return ownContext.run(inner, () => {
      const result: unknown = Reflect.apply(work, undefined, [span]);
      return result;
    });
  }

  #replacement(): unknown {
    this.#theirs ??= this.#provider.replacementTracer(this.#scope);
    return this.#theirs;
  }
}
