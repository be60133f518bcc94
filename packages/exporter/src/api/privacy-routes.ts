import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { WithDoor } from '../door.ts';
import type { HoldRequest, PrivacyDesk, SubjectName } from '../privacy-desk-types.ts';
import { sendJson } from './answers.ts';
import { checkParameters, idParameters, jsonBody, noParameters } from './requests.ts';

const PRIVACY: WithDoor = { config: { door: 'privacy' } };

const MAX_NAME_LENGTH = 2048;
const MAX_TEXT_LENGTH = 8192;

const name = z.string().min(1).max(MAX_NAME_LENGTH);
const text = z.string().max(MAX_TEXT_LENGTH);
const subject = z.strictObject({ id: name, issuer: z.string().max(MAX_NAME_LENGTH).optional() });
const erasureBody: z.ZodType<{ subject: SubjectName; reason: string }> = z.strictObject({
  subject,
  reason: text,
});
const subjectBody: z.ZodType<{ subject: SubjectName }> = z.strictObject({ subject });
const reasonBody: z.ZodType<{ reason: string }> = z.strictObject({ reason: text });
const holdBody: z.ZodType<HoldRequest> = z
  .strictObject({
    subject: subject.optional(),
    session: name.optional(),
    query: text.min(1).optional(),
    time: z.strictObject({ from: name.optional(), to: name.optional() }).optional(),
    reason: text,
  })
  .refine(
    ({ subject: who, session, query, time }) =>
      [who, session, query, time].filter((one) => one !== undefined).length === 1,
    'must have exactly one of subject, session, query and time',
  );

/** What the routes of the privacy officer join. */
export interface PrivacyRoutesOptions {
  desk: PrivacyDesk;
  /** Who asks; undefined where everybody is let in. */
  callerOf: (request: FastifyRequest) => { name: string; role: string } | undefined;
}

/** Adds the routes by which subjects are erased and held. */
export function addPrivacyRoutes(app: FastifyInstance, { desk, callerOf }: PrivacyRoutesOptions): void {
  app.post('/api/subjects', PRIVACY, async (request, reply) => {
    const { subject: wanted } = checkParameters(subjectBody, jsonBody(request));
    return await sendJson(reply, { reference: await desk.findSubject(wanted) });
  });

  app.get('/api/erasures', PRIVACY, async ({ query }, reply) => {
    checkParameters(noParameters, query);
    return await sendJson(reply, { erasures: await desk.erasures() });
  });

  app.post('/api/erasures', PRIVACY, async (request, reply) => {
    const { subject: wanted, reason } = checkParameters(erasureBody, jsonBody(request));
    return await sendJson(reply.code(202), await desk.requestErasure(wanted, reason, callerOf(request)));
  });

  app.get('/api/erasures/:id', PRIVACY, async ({ params }, reply) => {
    return await sendJson(reply, await desk.erasure(checkParameters(idParameters, params).id));
  });

  app.get('/api/erasures/:id/certificate', PRIVACY, async ({ params }, reply) => {
    return await sendJson(reply, await desk.certificate(checkParameters(idParameters, params).id));
  });

  app.post('/api/erasures/:id/approval', PRIVACY, async (request, reply) => {
    const { id } = checkParameters(idParameters, request.params);
    return await sendJson(reply.code(202), await desk.approveErasure(id, callerOf(request)));
  });

  app.post('/api/erasures/:id/withdrawal', PRIVACY, async ({ params }, reply) => {
    return await sendJson(reply, await desk.withdrawErasure(checkParameters(idParameters, params).id));
  });

  app.get('/api/holds', PRIVACY, async ({ query }, reply) => {
    checkParameters(noParameters, query);
    return await sendJson(reply, { holds: await desk.holds() });
  });

  app.post('/api/holds', PRIVACY, async (request, reply) => {
    const wish = checkParameters(holdBody, jsonBody(request));
    return await sendJson(reply.code(201), await desk.addHold(wish, callerOf(request)));
  });

  app.post('/api/holds/:id/release', PRIVACY, async (request, reply) => {
    const { id } = checkParameters(idParameters, request.params);
    const { reason } = checkParameters(reasonBody, jsonBody(request));
    return await sendJson(reply, await desk.releaseHold(id, reason, callerOf(request)));
  });
}
