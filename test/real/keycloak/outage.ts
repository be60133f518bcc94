import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export class Outage implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isDown = false;
  readonly url: string;

  private constructor(server: Server, url: string, target: URL) {
    this.#server = server;
    this.url = url;
    server.on('connection', (socket) => {
      if (this.#isDown) {
        socket.destroy();
        return;
      }
      const onward = connect(Number(target.port), target.hostname);
      this.#join(socket, onward);
      this.#join(onward, socket);
    });
  }

  /** @param target where it leads, e.g. `http://127.0.0.1:8080` */
  static async before(target: string): Promise<Outage> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return new Outage(server, `http://127.0.0.1:${port}`, new URL(target));
  }

  /** Cuts all connections and lets none through. */
  begin(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  end(): void {
    this.#isDown = false;
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.once('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    // What was cut is no fault here.
    from.on('error', () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.begin();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
