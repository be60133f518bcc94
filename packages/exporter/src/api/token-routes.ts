import type { FastifyInstance } from 'fastify';

import type { Archive } from '../archive-types.ts';
import type { WithDoor } from '../door.ts';
import type { NoteReading } from '../reading.ts';
import { sendJson } from './answers.ts';
import { notFound } from './errors.ts';
import {
  attemptsParameters,
  checkParameters,
  definedOnly,
  idParameters,
  timelineParameters,
  tokensParameters,
} from './requests.ts';

const TOKEN_HINT =
  'ask by the jti of the token, or by the id that stands for it; /api/oidc-tokens lists them';

const READ: WithDoor = { config: { door: 'read' } };

/**
 * Serves what is known of OIDC tokens, and of attempts to get and to use them, as JSON.
 *
 * @param note - called before anything that may tell of people is answered
 */
export function addTokenRoutes(app: FastifyInstance, archive: Archive, note: NoteReading): void {
  app.get('/api/oidc-tokens', READ, async (request, reply) => {
    const asked = definedOnly(checkParameters(tokensParameters, request.query));
    const page = await archive.tokens(asked);
    await note(request, { what: 'tokens', id: asked.session, records: page.tokens.length });
    return await sendJson(reply, page);
  });

  app.get('/api/oidc-tokens/:id', READ, async (request, reply) => {
    const { id } = checkParameters(idParameters, request.params);
    const calls = definedOnly(checkParameters(timelineParameters, request.query));
    const token = await archive.token(id, calls);
    await note(request, { what: 'token', id, records: token?.calls.length ?? 0 });
    if (token === undefined) throw notFound('There is no such token', TOKEN_HINT);
    return await sendJson(reply, token);
  });

  app.get('/api/attempts', READ, async (request, reply) => {
    const asked = definedOnly(checkParameters(attemptsParameters, request.query));
    const page = await archive.attempts(asked);
    await note(request, { what: 'attempts', query: asked.query, records: page.attempts.length });
    return await sendJson(reply, page);
  });
}
