import { Server as HttpsServer } from 'node:https';
import { fastify, type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { apiRoutes } from './api/routes.ts';
import type { Archive } from './archive-types.ts';
import type { WithDoor } from './door.ts';
import type { Doors } from './doors/index.ts';
import { ExporterError } from './errors.ts';
import { answerNotFound, ErrorAnswers, RETRY_AFTER_S } from './http-errors.ts';
import { type Intake, receiveRoutes } from './receive/index.ts';
import { METRICS_CONTENT_TYPE } from './metrics.ts';
import { signalRoutes, type Signals } from './signals/index.ts';
import type { PrivacyDesk } from './privacy-desk-types.ts';
import type { RetentionDesk } from './retention-desk-types.ts';
import type { Replays } from './replays.ts';
import type { Trouble } from './trouble.ts';

/** Bodies of anything but spans. */
const DEFAULT_BODY_BYTES = 64 * 1024;

/** A request must have arrived within this time, headers and body. */
const REQUEST_TIMEOUT_MS = 60_000;

/** How long a stop waits for requests under way before their connections are cut. */
const CLOSE_DEADLINE_MS = 10_000;

/** How often a stop looks for connections that nobody uses any more. */
const IDLE_SWEEP_MS = 50;

/** Longest parameter of a path: a session id may be as long as an issuer likes. */
const MAX_PARAMETER_LENGTH = 512;

/** Connections at once. */
const MAX_CONNECTIONS = 4096;

const OPEN: WithDoor = { config: { door: 'open' } };

/** What the server serves. */
export interface ServerRooms {
  log: Logger;
  /** Who may come in, and how connections are encrypted. */
  doors: Pick<Doors, 'guard' | 'makeServer' | 'isEncrypted' | 'noteReading'>;
  intake: Pick<Intake, 'accept' | 'hasRoom'>;
  archive: Archive;
  replays: Pick<Replays, 'read' | 'start'>;
  /** Undefined: no provider is heard. */
  signals?: Pick<Signals, 'refuse' | 'takeEvent' | 'takeLogout'> | undefined;
  desk: PrivacyDesk;
  retention: RetentionDesk;
  /** What keeps the service from its work just now; what a stop or crash left behind was taken up before it listens. */
  troubles: () => Trouble[];
  /** What is to be told, and does not make the service unready. */
  warnings: () => Trouble[];
  /** What a monitor reads at `/metrics`. */
  metrics: () => string;
}

/** Makes the HTTP server of the service; it does not listen yet. */
export async function createServer(rooms: ServerRooms): Promise<FastifyInstance> {
  // The framework's own chatter is of no use to anybody: only what it warns of is passed on.
  const level = rooms.log.isLevelEnabled('info') ? 'warn' : rooms.log.level;
  const loggerInstance: FastifyBaseLogger = rooms.log.child({}, { level });
  const app = fastify({
    loggerInstance,
    // Paths may name sessions and people.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    bodyLimit: DEFAULT_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // What arrives on an open connection during a stop is still taken in; the ledger closes after the server.
    return503OnClosing: false,
    ...(rooms.doors.isEncrypted && { serverFactory: rooms.doors.makeServer }),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  const errors = new ErrorAnswers();
  app.setErrorHandler((error, request, reply) => errors.answer(error, request, reply));
  app.setNotFoundHandler((request, reply) => answerNotFound(request, reply));
  app.addHook('preClose', (done) => {
    const deadline = setTimeout(() => {
      app.server.closeAllConnections();
    }, CLOSE_DEADLINE_MS);
    // Connections that are kept alive turn idle only after their last answer.
    const sweep = setInterval(() => {
      app.server.closeIdleConnections();
    }, IDLE_SWEEP_MS);
    app.server.once('close', () => {
      clearTimeout(deadline);
      clearInterval(sweep);
    });
    done();
  });
  const { guard } = rooms.doors;
  guard.protect(app);
  app.get('/healthz', OPEN, (_request, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', OPEN, (request, reply) => {
    // Whoever may not monitor learns whether it is ready, and not why.
    const isTold = guard.mayUse(request, 'monitor');
    const troubles = rooms.troubles();
    if (troubles.length === 0) {
      const warnings = rooms.warnings();
      return reply.send({ status: 'ready', ...(isTold && warnings.length > 0 && { warnings }) });
    }
    return reply
      .code(503)
      .header('retry-after', String(RETRY_AFTER_S))
      .send({ status: 'unready', ...(isTold && { troubles }) });
  });
  app.get('/metrics', { config: { door: 'monitor' } }, (_request, reply) =>
    reply.type(METRICS_CONTENT_TYPE).header('cache-control', 'no-store').send(rooms.metrics()),
  );
  await app.register(receiveRoutes, {
    intake: rooms.intake,
    admit: (request, services, reply) => {
      guard.admit(request, services, reply);
    },
  });
  await app.register(apiRoutes, {
    archive: rooms.archive,
    replays: rooms.replays,
    noteReading: (request, reading) => rooms.doors.noteReading(request, reading),
    privacy: {
      desk: rooms.desk,
      retention: rooms.retention,
      callerOf: (request) => guard.callerOf(request),
    },
    callerOf: (request) => guard.callerOf(request)?.name,
  });
  if (rooms.signals !== undefined) await app.register(signalRoutes, { signals: rooms.signals });
  return app;
}

/**
 * Listens.
 *
 * @returns the URL
 * @throws ExporterError `listen_failed`
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    const url = await app.listen({ host, port });
    // Fastify does not know what its server speaks.
    return app.server instanceof HttpsServer ? url.replace(/^http:/, 'https:') : url;
  } catch (cause) {
    throw new ExporterError('listen_failed', `cannot listen on ${host}, port ${port}`, {
      cause,
      hint: 'Is another service there already? Choose another port: --port, SPANLEDGER_PORT, listen.port.',
    });
  }
}
