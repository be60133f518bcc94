import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attributes, Span } from '@opentelemetry/api';
import { activeSpan, memberOf, methodOf, SPAN_KEY } from '../attach/global-api.ts';
import { ownContext } from '../attach/own-context.ts';
import { guarded } from '../warning.ts';
import type { OwnProvider } from './own-provider.ts';
import { requestAttributes, routeOf } from './request-attributes.ts';
import type { OwnSdk } from './sdk.ts';

/** Node publishes each incoming request here before the application gets it. */
const INCOMING_REQUEST = 'http.server.request.start';

/** Fastify 5 publishes here which route it has chosen. */
const FASTIFY_HANDLER = 'tracing:fastify.request.handler:start';

/** A request that is being answered. */
interface OpenRequest {
  readonly sdk: OwnSdk;
  readonly span: Span;
  readonly request: IncomingMessage;
  route: string | undefined;
  /** Another server span covers it: this one is never ended. */
  abandoned: boolean;
}

/**
 * Server spans for `node:http`, for an application that nothing instruments. It patches nothing: Node itself tells of
 * requests. It stops for good once the application has a provider, or an instrumentation that makes server spans.
 */
export class HttpRequests {
  readonly #provider: OwnProvider;
  readonly #open = new WeakMap<object, OpenRequest>();

  /** @param provider - Makes the spans. */
  constructor(provider: OwnProvider) {
    this.#provider = provider;
  }

  /** Begins. */
  start(): void {
    subscribe(INCOMING_REQUEST, this.#onRequest);
    subscribe(FASTIFY_HANDLER, this.#onFastifyRoute);
    this.#provider.onServerSpan = () => {
      this.#giveUp();
    };
  }

  /** Ends: requests that are being answered are still recorded. */
  stop(): void {
    unsubscribe(INCOMING_REQUEST, this.#onRequest);
    unsubscribe(FASTIFY_HANDLER, this.#onFastifyRoute);
  }

  /** An instrumentation covers requests, this one included. */
  #giveUp(): void {
    this.stop();
    const span = activeSpan();
    const open = typeof span === 'object' && span !== null ? this.#open.get(span) : undefined;
    if (open !== undefined) open.abandoned = true;
  }

  readonly #onRequest = (message: unknown): void => {
    guarded('HTTP_REQUEST', () => {
      const { request, response } = exchangeOf(message);
      const { sdk } = this.#provider;
      const context = sdk.extract(request.headers);
      const span = sdk.startServerSpan(request.method ?? '_OTHER', requestAttributes(request), context);
      const open: OpenRequest = { sdk, span, request, route: undefined, abandoned: false };
      this.#open.set(span, open);
      this.#open.set(request, open);
      // Node publishes inside of the callback that reads this request: what follows from it is in this context.
      ownContext.enterWith(methodOf(context, 'setValue')?.(SPAN_KEY, span));
      response.once('close', () => {
        guarded('HTTP_RESPONSE', () => {
          end(open, response);
        });
      });
    });
  };

  readonly #onFastifyRoute = (message: unknown): void => {
    guarded('FASTIFY_ROUTE', () => {
      const request = memberOf(memberOf(message, 'request'), 'raw');
      const open = typeof request === 'object' && request !== null ? this.#open.get(request) : undefined;
      const url = memberOf(memberOf(message, 'route'), 'url');
      if (open !== undefined && typeof url === 'string') open.route = url;
    });
  };
}

/** Node's documented message. */
function exchangeOf(message: unknown): { request: IncomingMessage; response: ServerResponse } {
  const exchange: { request: IncomingMessage; response: ServerResponse } = Object(message);
  return exchange;
}

function end({ sdk, span, request, route: known, abandoned }: OpenRequest, response: ServerResponse): void {
  if (abandoned) return;
  const route = known ?? routeOf(request);
  const attributes: Attributes = {};
  if (response.headersSent) attributes['http.response.status_code'] = response.statusCode;
  if (route !== undefined) {
    attributes['http.route'] = route;
    span.updateName(`${request.method ?? '_OTHER'} ${route}`);
  }
  // Closed before the answer was complete: the client went away, or the application broke the connection.
  if (!response.writableFinished) attributes['error.type'] = 'aborted';
  span.setAttributes(attributes);
  if (response.statusCode >= 500 || !response.writableFinished) sdk.markFailed(span);
  span.end();
}
