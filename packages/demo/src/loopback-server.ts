import { once } from 'node:events';
import type { Server } from 'node:http';

/**
 * @param server a server that does not listen yet
 * @param port the port to take; 0 takes a free one
 * @returns its origin, for example `http://127.0.0.1:40001`
 */
export async function listenOnLoopback(server: Server, port = 0): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no TCP address');
  return `http://127.0.0.1:${address.port}`;
}

/** Closes a server and every connection that is open to it. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
