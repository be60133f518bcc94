import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * Posts bodies to `/v1/traces` over a few connections that stay open, each as soon as the one before was answered. No
 * HTTP library: what the client takes of the two cores is missing at both sides.
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
  const requests = bodies.map((body) => ({ head: headOf(headers, body.length), body }));
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const latencies: number[] = [];
  const begin = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
        const sent = performance.now();
        const answered = nextAnswer(socket);
        socket.write(request.head);
        socket.write(request.body);
        const status = await answered;
        if (status !== 200) throw new Error(`answered ${status}`);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  for (const socket of sockets) socket.destroy();
  return { seconds, latencies };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  // What went wrong shows in its closing.
  return socket.on('error', () => undefined);
}

function headOf(headers: readonly string[], sizeBytes: number): string {
  const lines = ['POST /v1/traces HTTP/1.1', 'host: localhost', ...headers, `content-length: ${sizeBytes}`];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The status of the answer that comes next; its body is read to the end. */
function nextAnswer(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      settle();
      resolve(Number(text.slice(9, 12)));
    };
    const onClose = (): void => {
      settle();
      reject(new Error('the connection was closed before the answer'));
    };
    const settle = (): void => {
      socket.off('data', onData).off('close', onClose);
    };
    socket.on('data', onData).on('close', onClose);
  });
}
