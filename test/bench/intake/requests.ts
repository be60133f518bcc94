import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createSender, sessionAttributes, toJson, toProtobuf } from '../../support/exporter/spans.ts';
import { ORDINARY } from '../ordinary-attributes.ts';

const PEOPLE = 500;

/** What is sent: how many spans in how many requests, over how many connections, and in which form. */
export interface Shape {
  name: string;
  requests: number;
  spans: number;
  connections: number;
  form: 'protobuf' | 'json' | 'gzip';
}

/** Requests that can be sent again and again, each time as another producer's. */
export class RequestBatch {
  readonly headers: readonly string[];
  readonly spans: number;
  readonly #bodies: readonly { bytes: Buffer; streamAt: readonly number[] }[];
  readonly #isCompressed: boolean;

  constructor({ requests, spans, form }: Shape) {
    this.spans = requests * spans;
    this.#isCompressed = form === 'gzip';
    this.headers = [
      `content-type: application/${form === 'json' ? 'json' : 'x-protobuf'}`,
      ...(form === 'gzip' ? ['content-encoding: gzip'] : []),
    ];
    this.#bodies = Array.from({ length: requests }, (_, r) => {
      const sender = createSender(`shop-${r % 4}`);
      const sketches = Array.from({ length: spans }, (_unused, s) => {
        const person = (r * 31 + s) % PEOPLE;
        return sender.span({
          attributes: { ...sessionAttributes(`user-${person}`, `session-${person}`), ...ORDINARY },
        });
      });
      const bytes = Buffer.from(form === 'json' ? toJson(sketches) : toProtobuf(sketches));
      return { bytes, streamAt: placesOf(bytes, sender.streamId) };
    });
  }

  /** The bodies under new producers: nobody has seen their spans. */
  renew(): Buffer[] {
    return this.#bodies.map(({ bytes, streamAt }) => {
      const body = Buffer.from(bytes);
      const streamId = randomBytes(16).toString('hex');
      for (const at of streamAt) body.write(streamId, at, 'latin1');
      return this.#isCompressed ? gzipSync(body, { level: 1 }) : body;
    });
  }
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at);
  return places;
}
