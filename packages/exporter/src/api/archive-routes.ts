import type { FastifyInstance } from 'fastify';

import type { Archive, RecordCount } from '../archive-types.ts';
import type { WithDoor } from '../door.ts';
import type { NoteReading } from '../reading.ts';
import { sendJson } from './answers.ts';
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

/**
 * Serves what an archive answers, as JSON.
 *
 * @param note - called before anything that may tell of people is answered
 */
export function addArchiveRoutes(app: FastifyInstance, archive: Archive, note: NoteReading): void {
  app.get('/api/records', READ, async (request, reply) => {
    const asked = definedOnly(checkParameters(searchParameters, request.query));
    const page = await archive.search(asked);
    await note(request, { what: 'records', query: asked.query, records: page.records.length });
    return await sendJson(reply, page);
  });

  app.get('/api/records/count', READ, async (request, reply) => {
    const asked = checkParameters(countParameters, request.query);
    const count = await archive.count(asked);
    await note(request, { what: 'count', query: asked.query, records: 0, counted: mostOf(count) });
    return await sendJson(reply, count);
  });

  app.get('/api/records/histogram', READ, async (request, reply) => {
    const asked = checkParameters(histogramParameters, request.query);
    const histogram = await archive.histogram(asked);
    await note(request, { what: 'histogram', query: asked.query, records: 0, counted: mostOf(histogram) });
    return await sendJson(reply, histogram);
  });

  app.get('/api/records/:id', READ, async (request, reply) => {
    checkParameters(noParameters, request.query);
    const { id } = checkParameters(idParameters, request.params);
    const record = await archive.record(id);
    await note(request, { what: 'record', id, records: record === undefined ? 0 : 1 });
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

  app.get('/api/sessions', READ, async (request, reply) => {
    const asked = definedOnly(checkParameters(sessionsParameters, request.query));
    const page = await archive.sessions(asked);
    await note(request, { what: 'sessions', query: asked.query, records: page.sessions.length });
    return await sendJson(reply, page);
  });

  app.get('/api/sessions/:id', READ, async (request, reply) => {
    const { id } = checkParameters(idParameters, request.params);
    const timeline = definedOnly(checkParameters(timelineParameters, request.query));
    const session = await archive.session(id, timeline);
    await note(request, { what: 'session', id, records: session?.timeline.length ?? 0 });
    if (session === undefined) throw notFound('There is no such session', SESSION_HINT);
    return await sendJson(reply, session);
  });

  app.get('/api/sessions/:id/completeness', READ, async ({ params, query }, reply) => {
    checkParameters(noParameters, query);
    const { id } = checkParameters(idParameters, params);
    const completeness = await archive.completeness(id);
    if (completeness === undefined) throw notFound('There is no such session', SESSION_HINT);
    return await sendJson(reply, completeness);
  });

  app.get('/api/status', READ, async ({ query }, reply) => {
    checkParameters(noParameters, query);
    return await sendJson(reply, await archive.status());
  });
}

/** How many there are at the most. */
function mostOf({ count, at_most: most = count }: RecordCount): number {
  return most;
}
