import { serveWitness, type WatchedLog, type WitnessEvent, type WitnessServer } from '@spanledger/ledger';
import { onTestFinished } from 'vitest';
import { newWitness } from './witness-home.ts';

/** A witness that listens, until the end of the test. */
export interface ServedWitness extends WitnessServer {
  readonly name: string;
  readonly vkey: string;
  readonly directory: string;
  readonly events: WitnessEvent[];
  /** Stops listening and lets go of the directory, so that it can be started again. */
  stop(): Promise<void>;
}

/** Serves a witness of its own for a test. */
export async function startWitness(
  logs: readonly WatchedLog[],
  options: { directory?: string; name?: string; port?: number } = {},
): Promise<ServedWitness> {
  const { port = 0, ...rest } = options;
  const opened = await newWitness(logs, rest);
  const events: WitnessEvent[] = [];
  const server = await serveWitness(opened.witness, {
    host: '127.0.0.1',
    port,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => server.close());
  const { name, vkey, directory } = opened;
  const stop = async (): Promise<void> => {
    await server.close();
    await opened.close();
  };
  return { ...server, name, vkey, directory, events, stop };
}

/** Posts to a witness as a log does. */
export async function post(
  url: string,
  body: string | Uint8Array,
): Promise<{ status: number; type: string; text: string }> {
  const response = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}
