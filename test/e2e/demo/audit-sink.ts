import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

/** Takes the audit trail's place on the wire and keeps what was sent to it. */
export interface AuditSink {
  readonly endpoint: string;
  /** Each request as it came, and its body as it reads without compression. */
  readonly received: Buffer[];
  /** Answers 503 from the start; 200 from now on. */
  open(): void;
  close(): Promise<void>;
}

/** Starts a sink that refuses everything until it is opened. */
export async function startAuditSink(): Promise<AuditSink> {
  const received: Buffer[] = [];
  let isOpen = false;
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const headers = Buffer.from(`${request.url}\n${request.rawHeaders.join('\n')}`);
      received.push(headers, body);
      if (request.headers['content-encoding'] === 'gzip') received.push(gunzipSync(body));
      if (isOpen) response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      else response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    received,
    open: () => (isOpen = true),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
