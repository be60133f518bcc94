import type { FastifyInstance, FastifyReply } from 'fastify';

import type { Archive } from '../archive-types.ts';
import type { WithDoor } from '../door.ts';
import { notFound } from './errors.ts';
import {
  checkParameters,
  countParameters,
  definedOnly,
  histogramParameters,
  idParameters,
  noParameters,
  searchParameters,
  sessionsParameters,
  timelineParameters,
} from './requests.ts';

const RECORD_HINT =
  'ask by audit.record.id or by ledger index; a new record can be asked for a second after it came';
const SESSION_HINT = 'ask by audit.session.id or by the sid of the OpenID provider; /api/sessions lists them';

const READ: WithDoor = { config: { door: 'read' } };

/** Serves what an archive answers, as JSON. */
export function addArchiveRoutes(app: FastifyInstance, archive: Archive): void {
  app.get('/api/records', READ, async ({ query }, reply) => {
    return await sendJson(reply, await archive.search(definedOnly(checkParameters(searchParameters, query))));
  });

  app.get('/api/records/count', READ, async ({ query }, reply) => {
    return await sendJson(reply, await archive.count(checkParameters(countParameters, query)));
  });

  app.get('/api/records/histogram', READ, async ({ query }, reply) => {
    return await sendJson(reply, await archive.histogram(checkParameters(histogramParameters, query)));
  });

  app.get('/api/records/:id', READ, async ({ params, query }, reply) => {
    checkParameters(noParameters, query);
    const { id } = checkParameters(idParameters, params);
    const record = await archive.record(id);
    if (record === undefined) throw notFound('There is no such record', RECORD_HINT);
    return await sendJson(reply, record);
  });

  app.get('/api/records/:id/proof', READ, async ({ params, query }, reply) => {
    checkParameters(noParameters, query);
    const { id } = checkParameters(idParameters, params);
    const proof = await archive.proof(id);
    if (proof === undefined) throw notFound('There is no such record', RECORD_HINT);
    return await reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(proof);
  });

  app.get('/api/sessions', READ, async ({ query }, reply) => {
    return await sendJson(
      reply,
      await archive.sessions(definedOnly(checkParameters(sessionsParameters, query))),
    );
  });

  app.get('/api/sessions/:id', READ, async ({ params, query }, reply) => {
    const { id } = checkParameters(idParameters, params);
    const timeline = definedOnly(checkParameters(timelineParameters, query));
    const session = await archive.session(id, timeline);
    if (session === undefined) throw notFound('There is no such session', SESSION_HINT);
    return await sendJson(reply, session);
  });

  app.get('/api/status', READ, async ({ query }, reply) => {
    checkParameters(noParameters, query);
    return await sendJson(reply, await archive.status());
  });
}

async function sendJson(reply: FastifyReply, value: object): Promise<FastifyReply> {
  reply.type('application/json; charset=utf-8').header('cache-control', 'no-store');
  return await reply.send(JSON.stringify(value));
}
