import { openConnection, post } from './connection.ts';

/**
 * Posts bodies over a few connections that stay open, each as soon as the one before was answered.
 *
 * @returns the seconds that it took, and how long each request was under way, in milliseconds
 * @throws Error at any answer but 200
 */
export async function sendAll(
  port: number,
  headers: readonly string[],
  bodies: readonly Buffer[],
  connections: number,
): Promise<{ seconds: number; latencies: number[] }> {
  const waiting = [...bodies];
  const sockets = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const latencies: number[] = [];
  const begin = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
        const sent = performance.now();
        const { status } = await post(socket, headers, body);
        if (status !== 200) throw new Error(`answered ${status}`);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  for (const socket of sockets) socket.destroy();
  return { seconds, latencies };
}
