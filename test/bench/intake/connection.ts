import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** How a request was answered. */
export interface RequestAnswer {
  status: number;
  /** Seconds, as `Retry-After` says. */
  retryAfter: number | undefined;
}

/** Opens a connection of HTTP to a port of this machine. */
export async function openConnection(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  // What went wrong shows in its closing.
  return socket.on('error', () => undefined);
}

/**
 * Posts a body to `/v1/traces` over a connection on which nothing else is under way. No HTTP library: what the client takes
 * of the two cores is missing at both sides.
 *
 * @throws Error if the connection is closed before the answer
 */
export function post(socket: Socket, headers: readonly string[], body: Buffer): Promise<RequestAnswer> {
  const answered = nextAnswer(socket);
  const lines = ['POST /v1/traces HTTP/1.1', 'host: localhost', ...headers, `content-length: ${body.length}`];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  return answered;
}

/** The answer that comes next; its body is read to the end. */
function nextAnswer(socket: Socket): Promise<RequestAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      if (text.length < end + 4 + (numberOf(head, 'content-length') ?? 0)) return;
      settle();
      resolve({ status: Number(text.slice(9, 12)), retryAfter: numberOf(head, 'retry-after') });
    };
    const onClose = (): void => {
      settle();
      reject(new Error('the connection was closed before the answer'));
    };
    const settle = (): void => {
      socket.off('data', onData).off('close', onClose);
    };
    socket.on('data', onData).on('close', onClose);
    if (socket.closed) onClose();
  });
}

function numberOf(head: string, header: string): number | undefined {
  const value = new RegExp(`^${header}: *(\\d+)`, 'im').exec(head)?.[1];
  return value === undefined ? undefined : Number(value);
}
