import { createServer } from 'node:http';

/** A server that runs. */
export interface Running {
  /** Its address, with whatever is needed to use it. */
  address: string;
  close: () => Promise<void>;
}

/** Where the suites of a run ask for a server that they share. */
export interface Door {
  /** Answers with the server's address, once it runs. */
  url: string;
  /** Ends the server if somebody wanted it. */
  close: () => Promise<void>;
}

/** Opens a door to a server that is started when somebody first asks for it. */
export async function openDoor(start: () => Promise<Running>): Promise<Door> {
  let running: Promise<Running> | undefined;
  const server = createServer((_request, response) => {
    running ??= start();
    running.then(
      ({ address }) => response.end(address),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await (await running?.catch(() => undefined))?.close();
    },
  };
}

/**
 * Asks at a door; the first caller waits for the server's start.
 *
 * @throws what kept the server from starting
 */
export async function askDoor(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
