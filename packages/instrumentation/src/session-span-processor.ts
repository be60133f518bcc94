import type { Context } from '@opentelemetry/api';
import { installedRuntime } from './global-runtime.ts';
import { environmentOf, type OidcOptions } from './options.ts';
import { registerRuntime } from './registration.ts';
import { SLOT, type SlottedSpan } from './session/slot.ts';
import { guarded } from './warning.ts';

/** The spans that a processor of this class looks after, since none stands in front of it that does. */
const OURS: unique symbol = Symbol('spanledger.processor');

interface OwnedSpan extends SlottedSpan {
  [OURS]?: boolean;
}

/**
 * Spanledger as a span processor, for SDKs that are set up in code: put it first in the list, so that the exporters
 * behind it see the session too. It starts what `register` starts, and beside `register` it changes nothing.
 *
 * @example
 *   import { NodeSDK } from '@opentelemetry/sdk-node';
 *   import { SessionSpanProcessor } from '@spanledger/instrumentation-oidc';
 *
 *   new NodeSDK({ spanProcessors: [new SessionSpanProcessor(), …] }).start();
 */
export class SessionSpanProcessor {
  /** By this the runtime knows it again, whichever copy of the package it is from. */
  readonly isSessionSpanProcessor = true;

  /** @param options - What is not given comes from the environment. */
  constructor(options: OidcOptions = {}) {
    guarded('ENABLE', () => {
      registerRuntime(environmentOf(process.env, options));
    });
  }

  /** Called by the SDK when a span starts. */
  onStart(span: object, parentContext: Context): void {
    guarded('SPAN_START', () => {
      const processor = installedRuntime()?.processor;
      if (processor === undefined || !isSpan(span) || span[SLOT] !== undefined) return;
      span[OURS] = true;
      processor.onStart(span, parentContext);
    });
  }

  /** Called by the SDK when a span has ended. */
  onEnd(span: object): void {
    guarded('SPAN_END', () => {
      if (isSpan(span) && span[OURS] === true) installedRuntime()?.processor.onEnd(span);
    });
  }

  /** Writes what waits to the spool. */
  async forceFlush(): Promise<void> {
    await installedRuntime()?.processor.forceFlush();
  }

  /** Writes what waits to the spool; recording goes on for as long as the process does. */
  shutdown(): Promise<void> {
    return this.forceFlush();
  }
}

/** A span of an SDK: processors get no others. */
function isSpan(span: object): span is OwnedSpan {
  return 'spanContext' in span && 'attributes' in span;
}
