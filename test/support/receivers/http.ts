import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a receiver got. */
export interface ReceivedPost {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** When it was there, in milliseconds since the epoch. */
  atMs: number;
}

/** What a receiver answers; `hang`: nothing, ever; `cut`: the connection ends. */
export type Answer = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'cut';

/** An HTTP server on loopback that keeps what it gets and answers as it is told. */
export class HttpReceiver implements AsyncDisposable {
  readonly posts: ReceivedPost[] = [];
  /** What the next requests are answered, in order; then `answer`. */
  readonly next: Answer[] = [];
  answer: Answer = { status: 200 };
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.posts.push({
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        atMs: Date.now(),
      });
      const answer = this.next.shift() ?? this.answer;
      if (answer === 'hang') return;
      if (answer === 'cut') request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
    });
  });

  /** @param port - 0: any that is free */
  static async start(port = 0): Promise<HttpReceiver> {
    const receiver = new HttpReceiver();
    await new Promise<void>((resolve) => {
      receiver.#server.listen(port, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get port(): number {
    const address: string | AddressInfo | null = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
