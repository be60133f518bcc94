import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BytesInFlight } from './bytes-in-flight.ts';
import { Inflater } from './inflate.ts';
import type { Intake } from './intake.ts';
import { MAX_BODY_BYTES, UNANNOUNCED_BODY_BYTES } from './limits.ts';
import { JsonRequests } from './json/json-requests.ts';
import { releaseBytes } from './released-bytes.ts';
import { discardBody, receiveBody } from './request-body.ts';
import { unsupportedType } from './request-errors.ts';
import { KeyTable } from './wire/key-table.ts';
import { outlineTraceRequest, type SpanGroup } from './wire/trace-request.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** An `ExportTraceServiceResponse` without partial success, in both encodings: a request is taken whole or not. */
const EMPTY_RESPONSE: Readonly<Record<string, string | Buffer>> = {
  // As text it is sent in one piece with the head.
  [PROTOBUF]: '',
  // To JSON as text, a charset would be added.
  [JSON_TYPE]: Buffer.from('{}'),
};

/** What the routes need of the rooms behind them. */
export interface ReceiveOptions {
  intake: Pick<Intake, 'accept' | 'hasRoom'>;
  /**
   * Holds a sender to the services that it is for.
   *
   * @param services - the `service.name` of each resource in the request; undefined where it has none
   * @throws ExporterError `permission_denied`
   */
  admit: (request: FastifyRequest, services: Iterable<string | undefined>, reply: FastifyReply) => void;
}

/**
 * `POST /v1/traces`: OTLP/HTTP, protobuf or JSON, plain, gzip or zstd. 200 is answered once every span of the request
 * is durable; any other status means that the request as a whole counts as not received.
 *
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function receiveRoutes(app: FastifyInstance, options: ReceiveOptions, done: () => void): void {
  const keys = new KeyTable();
  const json = new JsonRequests(keys);
  const inflater = new Inflater();
  const inFlight = new BytesInFlight((sizeBytes) => options.intake.hasRoom(sizeBytes));

  const inflate = async (request: FastifyRequest): Promise<Buffer> => {
    const body = request.body;
    // Without a body Fastify calls no parser: an empty message, which protobuf allows and JSON does not.
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const inflated = await inflater.inflate(bytes, request.headers['content-encoding']);
    if (inflated !== bytes) {
      inFlight.inflate(request, inflated.length);
      releaseBytes(bytes);
    }
    return inflated;
  };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser([PROTOBUF, JSON_TYPE], (request, payload, parsed) => {
    const announced = request.headers['content-length'];
    receiveBody(payload, {
      announced: announced === undefined ? undefined : Number(announced),
      onPiece: (sizeBytes) => {
        inFlight.arrive(request, sizeBytes);
      },
      onEnd: parsed,
    });
  });
  app.addHook('onRequest', (request, reply, next) => {
    const announced = Number(request.headers['content-length'] ?? UNANNOUNCED_BODY_BYTES);
    // A body over the limit is refused by its length alone; it is never held.
    const sizeBytes = Math.min(Number.isFinite(announced) ? announced : MAX_BODY_BYTES, MAX_BODY_BYTES);
    try {
      inFlight.admit(request, reply, sizeBytes);
      next();
    } catch (error) {
      discardBody(request.raw);
      next(error instanceof Error ? error : new Error(String(error)));
    }
  });
  app.post('/v1/traces', { bodyLimit: MAX_BODY_BYTES, config: { door: 'send' } }, async (request, reply) => {
    const type = mediaType(request.headers['content-type']);
    if (type !== PROTOBUF && type !== JSON_TYPE) {
      throw unsupportedType('unsupported content type', `Send ${PROTOBUF} or ${JSON_TYPE}.`);
    }
    const body = await inflate(request);
    let accepted: Promise<number>;
    try {
      // From here to the intake nothing waits: of OTLP/JSON, the groups are good until the next request is read.
      const groups = type === PROTOBUF ? outlineTraceRequest(body, keys) : json.read(body);
      options.admit(request, groups.map(serviceName), reply);
      accepted = options.intake.accept(groups);
    } finally {
      // Whatever is needed of it has been read by now.
      releaseBytes(body);
      inFlight.release(request);
    }
    await accepted;
    return reply.type(type).send(EMPTY_RESPONSE[type]);
  });
  done();
}

/** As a record has it; see `service.name` in docs/record-format.md. */
function serviceName({ resource }: SpanGroup): string | undefined {
  const name = resource.get('service.name');
  return typeof name === 'string' ? name : undefined;
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
