import { readFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { CertificateFiles } from '../tls/certificates.ts';

/** What a listener does with a connection: read it to its end, or reset it at the first byte. */
export type SyslogHabit = 'read' | 'cut';

/** A syslog receiver, RFC 5425, on loopback: it takes frames by their octet counts, strictly. */
export class SyslogReceiver implements AsyncDisposable {
  readonly messages: string[] = [];
  habit: SyslogHabit = 'read';
  /** Bytes that were no frame. */
  faults = 0;
  readonly #sockets: Set<Socket> = new Set();
  /** The sockets underneath, by the port of the other side. */
  readonly #raw: Map<number | undefined, Socket> = new Map();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param authority - whose certificates clients must show; without: none is asked for */
  static async start(files: CertificateFiles, authority?: CertificateFiles): Promise<SyslogReceiver> {
    const server = createServer({
      cert: await readFile(files.certFile),
      key: await readFile(files.keyFile),
      ...(authority !== undefined && {
        ca: await readFile(authority.certFile),
        requestCert: true,
        rejectUnauthorized: true,
      }),
    });
    const receiver = new SyslogReceiver(server);
    server.on('secureConnection', (socket) => {
      receiver.#take(socket);
    });
    server.on('connection', (socket: Socket) => {
      receiver.#raw.set(socket.remotePort, socket);
      socket.on('close', () => receiver.#raw.delete(socket.remotePort));
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get port(): number {
    const address: string | AddressInfo | null = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    const chunks: Buffer[] = [];
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (this.habit === 'cut') this.#raw.get(socket.remotePort)?.resetAndDestroy();
      else chunks.push(chunk);
    });
    socket.on('end', () => {
      this.#parse(Buffer.concat(chunks));
      socket.end();
    });
  }

  #parse(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const frame = /^([1-9]\d*) /.exec(bytes.toString('latin1', at, at + 8));
      const length = Number(frame?.[1]);
      const from = at + (frame?.[0].length ?? 0);
      if (frame === null || from + length > bytes.length) {
        this.faults++;
        return;
      }
      this.messages.push(bytes.toString('utf8', from, from + length));
      at = from + length;
    }
  }
}
