import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createSender, sessionAttributes, toJson, toProtobuf } from '../../support/exporter/spans.ts';
import { decodeTraceRequest } from '../../support/instrumentation/otlp-decoder.ts';
import { ORDINARY } from '../ordinary-attributes.ts';

const PEOPLE = 500;
const ID_BYTES = 16;

/** What is sent: how many spans in how many requests, over how many connections, and in which form. */
export interface Shape {
  name: string;
  requests: number;
  spans: number;
  connections: number;
  form: 'protobuf' | 'json' | 'gzip';
}

/** A body, and where in it the ids stand by which its spans would be recognised. */
interface Template {
  bytes: Buffer;
  spans: number;
  /** Of each id all its places. */
  ids: readonly { places: readonly number[]; encoding: 'hex' | undefined }[];
}

/** A body that nobody has seen before. */
export interface FreshBody {
  bytes: Buffer;
  spans: number;
  /** The producers of its spans, as far as they are numbered. */
  streamIds: readonly string[];
}

/** Requests that can be sent again and again, each time as another producer's. */
export class RequestBatch {
  readonly headers: readonly string[];
  /** Spans of all of them together. */
  readonly spans: number;
  /** How many requests they are. */
  readonly requests: number;
  readonly #templates: readonly Template[];
  readonly #isCompressed: boolean;

  private constructor(form: Shape['form'], templates: readonly Template[]) {
    this.spans = templates.reduce((sum, { spans }) => sum + spans, 0);
    this.requests = templates.length;
    this.#isCompressed = form === 'gzip';
    this.headers = [
      `content-type: application/${form === 'json' ? 'json' : 'x-protobuf'}`,
      ...(form === 'gzip' ? ['content-encoding: gzip'] : []),
    ];
    this.#templates = templates;
  }

  /** Spans of one shape, 20 attributes each. */
  static uniform({ requests, spans, form }: Omit<Shape, 'name' | 'connections'>): RequestBatch {
    const templates = Array.from({ length: requests }, (_, r): Template => {
      const sender = createSender(`shop-${r % 4}`);
      const sketches = Array.from({ length: spans }, (_unused, s) => {
        const person = (r * 31 + s) % PEOPLE;
        return sender.span({
          attributes: { ...sessionAttributes(`user-${person}`, `session-${person}`), ...ORDINARY },
        });
      });
      const bytes = Buffer.from(form === 'json' ? toJson(sketches) : toProtobuf(sketches));
      return { bytes, spans, ids: [{ places: placesOf(bytes, sender.streamId), encoding: 'hex' }] };
    });
    return new RequestBatch(form, templates);
  }

  /**
   * Requests as they came from elsewhere, each several times.
   *
   * @param bodies - In protobuf.
   */
  static of(bodies: readonly Buffer[], times: number): RequestBatch {
    const templates = bodies.map((bytes): Template => {
      const spans = decodeTraceRequest(bytes);
      const streamIds = new Set(spans.map(({ resource }) => resource['audit.sequence.stream_id']));
      const traceIds = new Set(spans.map(({ traceId }) => traceId));
      const ids = [
        ...[...streamIds]
          .filter((id) => typeof id === 'string')
          .map((id) => ({ places: placesOf(bytes, id), encoding: 'hex' as const })),
        ...[...traceIds].map((id) => ({
          places: placesOf(bytes, Buffer.from(id, 'hex')),
          encoding: undefined,
        })),
      ];
      return { bytes, spans: spans.length, ids };
    });
    return new RequestBatch('protobuf', Array.from({ length: times }, () => templates).flat());
  }

  /** The bodies under new ids: nobody has seen their spans. */
  renew(): Buffer[] {
    return this.#templates.map((_, at) => this.renewOne(at).bytes);
  }

  /** One of them; past the last the first comes again. */
  renewOne(at: number): FreshBody {
    const template = this.#templates[at % this.#templates.length];
    if (template === undefined) throw new TypeError('no requests');
    const { bytes, spans, ids } = template;
    const body = Buffer.from(bytes);
    const streamIds: string[] = [];
    for (const { places, encoding } of ids) {
      const id = randomBytes(ID_BYTES);
      if (encoding !== undefined) streamIds.push(id.toString(encoding));
      const written = encoding === undefined ? id : Buffer.from(id.toString(encoding), 'latin1');
      for (const place of places) written.copy(body, place);
    }
    return { bytes: this.#isCompressed ? gzipSync(body, { level: 1 }) : body, spans, streamIds };
  }
}

function placesOf(bytes: Buffer, id: string | Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1)) places.push(at);
  return places;
}
