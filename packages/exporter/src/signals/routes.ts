import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WithDoor } from '../door.ts';
import { ExporterError } from '../errors.ts';
import { RETRY_AFTER_S } from '../http-errors.ts';
import { plainAddress } from '../plain-address.ts';
import { RateLimit } from './rate-limit.ts';
import { REFUSAL_MESSAGES, type SignalRefusalCode } from './refusal-code.ts';
import type { SignalDelivery } from './signal-record.ts';
import type { Signals } from './signals.ts';
import { MAX_TOKEN_LENGTH } from './signed-token.ts';

/** A token and its name; percent-encoding adds nothing to what a token is made of. */
const MAX_BODY_BYTES = MAX_TOKEN_LENGTH + 1_024;

const FORM = 'application/x-www-form-urlencoded';

/** The providers' signatures are what opens these. */
const OPEN: WithDoor['config'] = { door: 'open' };

/** What the routes need of the room. */
export interface SignalRoutesOptions {
  signals: Pick<Signals, 'refuse' | 'takeLogout'>;
}

/** `POST /sessions/backchannel-logout`: OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8. */
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
    void sendRefusal(reply, 'backchannel', 'rate_exceeded');
  });
  app.setErrorHandler((error, request, reply) => {
    const delivery = deliveryOf(request);
    if (error instanceof ExporterError && error.code === 'service_busy') {
      request.log.warn({ err: error }, 'turned a signal away');
      return sendError(reply, delivery, 503, error.message);
    }
    const status = statusOf(error);
    if (status >= 400 && status < 500) {
      signals.refuse({ delivery, address: addressOf(request) }, 'request_malformed');
      return sendError(reply, delivery, status, REFUSAL_MESSAGES.request_malformed);
    }
    request.log.error({ err: error }, 'a signal could not be taken in');
    return sendError(reply, delivery, 500, 'internal error');
  });

  app.post(
    '/sessions/backchannel-logout',
    { bodyLimit: MAX_BODY_BYTES, config: OPEN },
    async (request, reply) => {
      const token = readForm(request);
      const address = addressOf(request);
      const outcome =
        token === undefined
          ? signals.refuse({ delivery: 'backchannel', address }, 'request_malformed')
          : await signals.takeLogout(token, address);
      if (!outcome.ok) return sendRefusal(reply, 'backchannel', outcome.code);
      return reply.code(200).send();
    },
  );
  done();
}

/** The logout token of a form that has one. */
function readForm({ headers, body }: FastifyRequest): string | undefined {
  if (mediaType(headers['content-type']) !== FORM || typeof body !== 'string') return undefined;
  const [token, ...more] = new URLSearchParams(body).getAll('logout_token');
  return more.length === 0 && token !== '' ? token : undefined;
}

function sendRefusal(reply: FastifyReply, delivery: SignalDelivery, code: SignalRefusalCode): FastifyReply {
  return sendError(reply, delivery, STATUSES[code] ?? 400, REFUSAL_MESSAGES[code]);
}

const STATUSES: Partial<Record<SignalRefusalCode, number>> = { keys_unavailable: 503, rate_exceeded: 429 };

function sendError(
  reply: FastifyReply,
  _delivery: SignalDelivery,
  status: number,
  message: string,
): FastifyReply {
  if (status === 429 || status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  return reply
    .code(status)
    .type('application/json')
    .send(JSON.stringify({ error: 'invalid_request', error_description: message }));
}

function deliveryOf(_request: FastifyRequest): SignalDelivery {
  return 'backchannel';
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
