import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import type { WithDoor } from '../door.ts';
import type { NoteReading } from '../reading.ts';
import type { ReplayRequest } from '../replay-types.ts';
import type { Replays } from '../replays.ts';
import { sendJson } from './answers.ts';
import { notFound } from './errors.ts';
import { checkParameters, idParameters } from './requests.ts';

const READ: WithDoor = { config: { door: 'read' } };

const MAX_RULES_LENGTH = 512 * 1024;
const MAX_NAME_LENGTH = 255;
const MAX_BODY_BYTES = 2 * 1024 * 1024;

const time = z.iso
  .datetime('must be a time such as 2026-11-21T18:30:00Z')
  .transform((text) => Date.parse(text));

/** `POST /api/alert-replays`. */
const replayRequest: z.ZodType<ReplayRequest> = z
  .strictObject({
    since: time.optional(),
    until: time.optional(),
    rules: z
      .strictObject({
        name: z.string().max(MAX_NAME_LENGTH),
        text: z.string().max(MAX_RULES_LENGTH, `must have at most ${MAX_RULES_LENGTH} characters`),
      })
      .optional(),
  })
  .transform(({ since, until, rules }) => ({ sinceMs: since, untilMs: until, rules }));

/** `GET /api/alert-replays/{id}`. */
const progressParameters: z.ZodType<{ after: number }> = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .default(0),
});

/** Runs rules over what is recorded, and tells how far that is and what they raise. */
export function addReplayRoutes(
  app: FastifyInstance,
  replays: Pick<Replays, 'read' | 'start'>,
  note: NoteReading,
): void {
  app.post('/api/alert-replays', { ...READ, bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    const asked = checkParameters(replayRequest, request.body ?? {});
    return await sendJson(reply.code(202), { id: replays.start(asked) });
  });

  app.get('/api/alert-replays/:id', READ, async (request, reply) => {
    const { id } = checkParameters(idParameters, request.params);
    const { after } = checkParameters(progressParameters, request.query);
    const progress = replays.read(id, after);
    if (progress === undefined)
      throw notFound('There is no such replay any more', 'begin another: POST /api/alert-replays');
    const { length } = progress.alerts;
    if (length > 0) await note(request, { what: 'records', query: `alert-replay:${id}`, records: length });
    return await sendJson(reply, progress);
  });
}
