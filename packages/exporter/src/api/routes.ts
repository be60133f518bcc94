import { CONSOLE_CONTENT_SECURITY_POLICY, CONSOLE_PAGE } from '@spanledger/console';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Archive } from '../archive-types.ts';
import type { NoteReading } from '../reading.ts';
import { addAlertRoutes } from './alert-routes.ts';
import { addArchiveRoutes } from './archive-routes.ts';
import { answerApiError } from './errors.ts';
import { addTokenRoutes } from './token-routes.ts';
import type { Replays } from '../replays.ts';
import { addReplayRoutes } from './replay-routes.ts';
import { addLogRoutes } from './log-routes.ts';
import { addPrivacyRoutes, type PrivacyRoutesOptions } from './privacy-routes.ts';
import { addRetentionRoutes, type RetentionRoutesOptions } from './retention-routes.ts';

/** What the routes answer from. */
export interface ApiOptions {
  archive: Archive;
  replays: Pick<Replays, 'read' | 'start'>;
  noteReading: NoteReading;
  privacy: PrivacyRoutesOptions & RetentionRoutesOptions;
  /** Who asks; undefined where nobody has to say. */
  callerOf: (request: FastifyRequest) => string | undefined;
}

/** Fastify plugin: everything that is read, as JSON, as files of the log, and as a page. */
export async function apiRoutes(
  app: FastifyInstance,
  { archive, replays, noteReading, callerOf, privacy }: ApiOptions,
): Promise<void> {
  app.setErrorHandler(answerApiError);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  addArchiveRoutes(app, archive, noteReading);
  addTokenRoutes(app, archive, noteReading);
  addAlertRoutes(app, archive, noteReading, callerOf);
  addReplayRoutes(app, replays, noteReading);
  addLogRoutes(app, archive);
  addPrivacyRoutes(app, privacy);
  addRetentionRoutes(app, privacy);
  // The page holds nothing of the log.
  app.get('/', { config: { door: 'open' } }, (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', CONSOLE_CONTENT_SECURITY_POLICY)
      .header('referrer-policy', 'no-referrer')
      .send(CONSOLE_PAGE),
  );
}
