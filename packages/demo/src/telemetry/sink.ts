import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '../loopback-server.ts';

/** Stands where the shop's own telemetry would go (a collector, say), and counts what arrives. */
export interface TelemetrySink {
  readonly url: string;
  /** Export requests that arrived so far, and their bytes. */
  counts(): { requests: number; sizeBytes: number };
  close(): Promise<void>;
}

/** Starts a sink on a free loopback port. */
export async function startTelemetrySink(): Promise<TelemetrySink> {
  const total = { requests: 0, sizeBytes: 0 };
  const server = createServer((request, response) => {
    total.requests += 1;
    request.on('data', (chunk: Buffer) => (total.sizeBytes += chunk.length));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  const url = await listenOnLoopback(server);
  return { url, counts: () => ({ ...total }), close: () => closeServer(server) };
}
