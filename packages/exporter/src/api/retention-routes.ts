import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { WithDoor } from '../door.ts';
import type { RetentionDesk } from '../retention-desk-types.ts';
import { sendJson } from './answers.ts';
import { checkParameters, jsonBody, noParameters } from './requests.ts';

const PRIVACY: WithDoor = { config: { door: 'privacy' } };

/** What the routes about retention join. */
export interface RetentionRoutesOptions {
  retention: RetentionDesk;
  /** Who asks; undefined where everybody is let in. */
  callerOf: (request: FastifyRequest) => { name: string; role: string } | undefined;
}

/** Adds the routes by which it is asked what is purged when. */
export function addRetentionRoutes(
  app: FastifyInstance,
  { retention, callerOf }: RetentionRoutesOptions,
): void {
  app.get('/api/retention', PRIVACY, async ({ query }, reply) => {
    checkParameters(noParameters, query);
    return await sendJson(reply, await retention.retention());
  });
  app.get('/api/retention/plan', PRIVACY, async ({ query }, reply) => {
    checkParameters(noParameters, query);
    return await sendJson(reply, await retention.planRetention());
  });
  app.post('/api/retention/run', PRIVACY, async (request, reply) => {
    checkParameters(noParameters, jsonBody(request));
    return await sendJson(reply.code(202), await retention.runRetention(callerOf(request)));
  });
}
