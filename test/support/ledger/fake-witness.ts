import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { parseAddCheckpoint, type AddCheckpoint } from '@spanledger/ledger';
import type { SignedCheckpoint } from '@spanledger/ledger/verify';
import { onTestFinished } from 'vitest';

/** What a log asked. */
export type Asked = AddCheckpoint & { signed: SignedCheckpoint };

/** What is answered: a status, a body and its type; nothing at all where it stays silent. */
export type FakeAnswer =
  { status: number; body?: string | Buffer; type?: string; headers?: Record<string, string> } | 'silence';

/** A server in the place of a witness that answers whatever a test wants. */
export interface FakeWitness {
  url: string;
  /** What was asked so far. */
  asked: Asked[];
  /** How many requests were given up before they were answered. */
  givenUp: number;
  answer: (asked: Asked) => FakeAnswer | Promise<FakeAnswer>;
}

/** Starts one for a test. */
export async function fakeWitness(answer: FakeWitness['answer']): Promise<FakeWitness> {
  const fake: FakeWitness = { url: '', asked: [], givenUp: 0, answer };
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableEnded) fake.givenUp++;
    });
    void (async () => {
      const asked = parseAddCheckpoint(await text(request));
      if (!asked.ok) throw new TypeError(asked.detail);
      fake.asked.push(asked.value);
      reply(response, await fake.answer(asked.value));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port }: Pick<AddressInfo, 'port'> = addressOf(server.address());
  fake.url = `http://127.0.0.1:${port}`;
  return fake;
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new TypeError('not listening');
  return address;
}

function reply(response: ServerResponse, answer: FakeAnswer): void {
  if (answer === 'silence') return;
  response.writeHead(answer.status, { 'content-type': answer.type ?? 'text/plain', ...answer.headers });
  response.end(answer.body ?? '');
}
