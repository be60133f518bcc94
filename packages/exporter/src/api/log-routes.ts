import type { FastifyInstance, FastifyReply } from 'fastify';

import type { Archive } from '../archive-types.ts';
import type { WithDoor } from '../door.ts';
import { notFound } from './errors.ts';
import { parseLogFile } from './log-files.ts';

const LOG: WithDoor = { config: { door: 'log' } };

/** Serves the log as C2SP tlog-tiles has it, for verifiers and monitors that know nothing of this service. */
export function addLogRoutes(app: FastifyInstance, archive: Archive): void {
  app.get('/checkpoint', LOG, (_request, reply) => sendLogFile(archive, 'checkpoint', reply));
  app.get('/keys', LOG, (_request, reply) => sendLogFile(archive, 'keys', reply));
  app.get('/minimum-index', LOG, (_request, reply) => sendLogFile(archive, 'minimum-index', reply));
  app.get<{ Params: { '*': string } }>('/tile/*', LOG, ({ params }, reply) =>
    sendLogFile(archive, `tile/${params['*']}`, reply),
  );
  app.get<{ Params: { '*': string } }>('/checkpoints/*', LOG, ({ params }, reply) =>
    sendLogFile(archive, `checkpoints/${params['*']}`, reply),
  );
  app.get('/ledger.vkey', LOG, async (_request, reply) => {
    reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache');
    return await reply.send(`${await archive.vkey()}\n`);
  });
}

async function sendLogFile(archive: Archive, path: string, reply: FastifyReply): Promise<FastifyReply> {
  const file = parseLogFile(path);
  const bytes = file === undefined ? undefined : await archive.tiles.read(file.path);
  if (file === undefined || bytes === undefined) {
    throw notFound('The log has no such file', 'ask for the tiles that the size in /checkpoint implies');
  }
  reply.type(file.contentType).header('cache-control', file.cacheControl);
  return await reply.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
