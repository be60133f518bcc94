import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WithDoor } from '../door.ts';
import { ExporterError } from '../errors.ts';
import { RETRY_AFTER_S } from '../http-errors.ts';
import { plainAddress } from '../plain-address.ts';
import type { SignalOrigin } from './provider-inbox.ts';
import { RateLimit } from './rate-limit.ts';
import { eventErrorCode, REFUSAL_MESSAGES, type SignalRefusalCode } from './refusal-code.ts';
import type { SignalDelivery } from './signal-record.ts';
import type { Signals } from './signals.ts';
import { MAX_TOKEN_LENGTH } from './signed-token.ts';

/** A token and its name; percent-encoding adds nothing to what a token is made of. */
const MAX_BODY_BYTES = MAX_TOKEN_LENGTH + 1_024;

const LOGOUT_PATH = '/sessions/backchannel-logout';
const EVENTS_PATH = '/signals/events';

const FORM = 'application/x-www-form-urlencoded';
const EVENT = 'application/secevent+jwt';

/** The providers' signatures are what opens these. */
const OPEN: WithDoor['config'] = { door: 'open' };

/** What the routes need of the room. */
export interface SignalRoutesOptions {
  signals: Pick<Signals, 'refuse' | 'takeEvent' | 'takeLogout'>;
}

/**
 * `POST /sessions/backchannel-logout`: OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8. `POST /signals/events`: push of
 * security events, RFC 8935, 2.
 */
export function signalRoutes(app: FastifyInstance, { signals }: SignalRoutesOptions, done: () => void): void {
  const limit = new RateLimit();

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'string', bodyLimit: MAX_BODY_BYTES },
    (_request, body, parsed) => {
      parsed(null, body);
    },
  );
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('cache-control', 'no-store');
    const address = addressOf(request);
    if (limit.take(address)) {
      next();
      return;
    }
    signals.refuse({ delivery: deliveryOf(request), address }, 'rate_exceeded');
    void sendRefusal(reply, deliveryOf(request), 'rate_exceeded');
  });
  app.setErrorHandler((error, request, reply) => {
    const delivery = deliveryOf(request);
    if (error instanceof ExporterError && error.code === 'service_busy') {
      request.log.warn({ err: error }, 'turned a signal away');
      return sendError(reply, delivery, { status: 503, message: error.message });
    }
    const status = statusOf(error);
    if (status >= 400 && status < 500) {
      signals.refuse({ delivery, address: addressOf(request) }, 'request_malformed');
      return sendError(reply, delivery, { status, message: REFUSAL_MESSAGES.request_malformed });
    }
    request.log.error({ err: error }, 'a signal could not be taken in');
    return sendError(reply, delivery, { status: 500, message: 'internal error' });
  });

  app.post(LOGOUT_PATH, { bodyLimit: MAX_BODY_BYTES, config: OPEN }, async (request, reply) => {
    // Who sends it tries once: on a connection that is kept until one side has closed it, it would be lost.
    reply.header('connection', 'close');
    const token = readForm(request);
    const address = addressOf(request);
    const outcome =
      token === undefined
        ? signals.refuse({ delivery: 'backchannel', address }, 'request_malformed')
        : await signals.takeLogout(token, address);
    return outcome.ok ? reply.code(200).send() : sendRefusal(reply, 'backchannel', outcome.code);
  });
  app.post(EVENTS_PATH, { bodyLimit: MAX_BODY_BYTES, config: OPEN }, async (request, reply) => {
    const { body, headers } = request;
    const origin: SignalOrigin = {
      delivery: 'push',
      address: addressOf(request),
      authorization: headers.authorization,
    };
    const outcome =
      typeof body === 'string' && mediaType(headers['content-type']) === EVENT
        ? await signals.takeEvent(body.trim(), origin)
        : signals.refuse(origin, 'request_malformed');
    return outcome.ok ? reply.code(202).send() : sendRefusal(reply, 'push', outcome.code);
  });
  done();
}

/** The logout token of a form that has one. */
function readForm({ headers, body }: FastifyRequest): string | undefined {
  if (mediaType(headers['content-type']) !== FORM || typeof body !== 'string') return undefined;
  const [token, ...more] = new URLSearchParams(body).getAll('logout_token');
  return more.length === 0 && token !== '' ? token : undefined;
}

function sendRefusal(reply: FastifyReply, delivery: SignalDelivery, code: SignalRefusalCode): FastifyReply {
  return sendError(reply, delivery, { status: STATUSES[code] ?? 400, message: REFUSAL_MESSAGES[code], code });
}

const STATUSES: Partial<Record<SignalRefusalCode, number>> = {
  authorization_wrong: 401,
  keys_unavailable: 503,
  rate_exceeded: 429,
};

/** Each kind of sender is told in the words of its own specification. */
function sendError(
  reply: FastifyReply,
  delivery: SignalDelivery,
  { status, message, code }: { status: number; message: string; code?: SignalRefusalCode },
): FastifyReply {
  if (status === 429 || status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  const content =
    delivery === 'push'
      ? { err: eventErrorCode(code ?? 'request_malformed'), description: message }
      : { error: 'invalid_request', error_description: message };
  return reply.code(status).type('application/json').send(JSON.stringify(content));
}

function deliveryOf(request: FastifyRequest): SignalDelivery {
  return request.routeOptions.url === EVENTS_PATH ? 'push' : 'backchannel';
}

function addressOf(request: FastifyRequest): string {
  return plainAddress(request.raw.socket.remoteAddress);
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function statusOf(error: unknown): number {
  const status: unknown = Reflect.get(Object(error), 'statusCode');
  return typeof status === 'number' ? status : 500;
}
