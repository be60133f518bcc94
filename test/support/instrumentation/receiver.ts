import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { decodeTraceRequest, type DecodedSpan } from './otlp-decoder.ts';

/** Name of the last span of a producer. */
const TERMINAL_MARKER = 'audit.producer.ended';

/** Of what has arrived, a failure shows the last few. */
const MAX_SHOWN = 50;
const MAX_SHOWN_LENGTH = 500;

/** How a receiver answers its next requests. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** How long the answer takes; for ever if it is Infinity. */
  delayMs?: number;
}

/** An OTLP/HTTP receiver on the loopback that keeps what it accepts. */
export class TestReceiver {
  readonly #server = createServer((request, response) => {
    void this.#handle(request, response);
  });
  /** Requests that were answered 200, uncompressed. */
  readonly accepted: Buffer[] = [];
  /** When requests came, in milliseconds since the epoch, and how they were answered. */
  readonly seen: { at: number; status: number; body: Buffer; headers: IncomingMessage['headers'] }[] = [];
  /** Decides about each request; 200 unless set. */
  answer: (body: Buffer) => Answer = () => ({ status: 200 });
  #port = 0;

  /** Starts on a free port, or on the one it had before. */
  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1/traces`;
  }

  /** What has arrived, but for the terminal markers: they are about the producer and of no span of the application. */
  get spans(): DecodedSpan[] {
    return this.accepted.flatMap(decodeTraceRequest).filter(({ name }) => name !== TERMINAL_MARKER);
  }

  /** The terminal markers that have arrived. */
  get markers(): DecodedSpan[] {
    return this.accepted.flatMap(decodeTraceRequest).filter(({ name }) => name === TERMINAL_MARKER);
  }

  /** Waits until `done` holds of the spans that have arrived. */
  async waitFor(
    done: (spans: DecodedSpan[]) => boolean,
    what: string,
    timeoutMs = 15_000,
  ): Promise<DecodedSpan[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { spans } = this;
      if (done(spans)) return spans;
      if (Date.now() > deadline) {
        const seen = spans
          .slice(-MAX_SHOWN)
          .map(({ name, attributes }) => `${name} ${JSON.stringify(attributes)}`.slice(0, MAX_SHOWN_LENGTH))
          .join('\n');
        throw new Error(`waited in vain for ${what}; there were ${spans.length} spans:\n${seen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
    } catch {
      return;
    }
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const { status, headers, delayMs = 0 } = this.answer(body);
    this.seen.push({ at: Date.now(), status, body, headers: request.headers });
    if (delayMs === Infinity) return;
    if (status === 200) this.accepted.push(body);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    response.writeHead(status, headers).end();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
