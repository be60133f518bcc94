import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Archive } from '../archive-types.ts';
import type { WithDoor } from '../door.ts';
import type { NoteReading } from '../reading.ts';
import { alertChange, alertsParameters } from './alert-requests.ts';
import { notFound } from './errors.ts';
import { sendJson } from './answers.ts';
import { checkParameters, definedOnly, idParameters, noParameters } from './requests.ts';

const READ: WithDoor = { config: { door: 'read' } };

const HINT = 'ask by audit.alert.id; /api/alerts lists them, and a new one is there a second after it came';

/**
 * Serves the alerts, and takes what is done with them.
 *
 * @param note - called before anything that may tell of people is answered
 * @param callerOf - who asks; undefined where nobody has to say
 */
export function addAlertRoutes(
  app: FastifyInstance,
  archive: Archive,
  note: NoteReading,
  callerOf: (request: FastifyRequest) => string | undefined,
): void {
  app.get('/api/alerts', READ, async (request, reply) => {
    const page = await archive.alerts(definedOnly(checkParameters(alertsParameters, request.query)));
    await note(request, { what: 'records', query: 'event.kind:alert', records: page.alerts.length });
    return await sendJson(reply, page);
  });

  app.get('/api/alerts/:id', READ, async (request, reply) => {
    checkParameters(noParameters, request.query);
    const { id } = checkParameters(idParameters, request.params);
    const alert = await archive.alert(id);
    const records = alert === undefined ? 0 : 1 + alert.changes.length + alert.evidence.length;
    await note(request, { what: 'record', id, records });
    if (alert === undefined) throw notFound('There is no such alert', HINT);
    return await sendJson(reply, alert);
  });

  app.post('/api/alerts/:id', READ, async (request, reply) => {
    const { id } = checkParameters(idParameters, request.params);
    const change = definedOnly(checkParameters(alertChange, request.body));
    const alert = await archive.changeAlert(id, change, callerOf(request));
    if (alert === undefined) throw notFound('There is no such alert', HINT);
    return await sendJson(reply, alert);
  });
}
