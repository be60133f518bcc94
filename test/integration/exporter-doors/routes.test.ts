import { join } from 'node:path';
import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLog, createToken, type Role, ROLES } from '@spanledger/audit-exporter';
import type { Archive } from '../../../packages/exporter/src/archive-types.ts';
import type { Door } from '../../../packages/exporter/src/door.ts';
import { Doors } from '../../../packages/exporter/src/doors/index.ts';
import { ExporterError } from '../../../packages/exporter/src/errors.ts';
import { createServer } from '../../../packages/exporter/src/http-server.ts';
import type { PrivacyDesk } from '../../../packages/exporter/src/privacy-desk-types.ts';
import type { RetentionDesk } from '../../../packages/exporter/src/retention-desk-types.ts';
import { makeDataDirectory } from '../../support/exporter/service.ts';

/** Every route, and whom it is for. Whoever adds one says so here as well. */
const DOORS: Readonly<Record<string, Door>> = {
  'GET /': 'open',
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'monitor',
  'POST /v1/traces': 'send',
  'POST /sessions/backchannel-logout': 'open',
  'POST /signals/events': 'open',
  'GET /api/records': 'read',
  'GET /api/records/:id': 'read',
  'GET /api/records/count': 'read',
  'GET /api/records/histogram': 'read',
  'GET /api/records/:id/proof': 'read',
  'GET /api/sessions': 'read',
  'GET /api/sessions/:id': 'read',
  'GET /api/sessions/:id/completeness': 'read',
  'GET /api/oidc-tokens': 'read',
  'GET /api/oidc-tokens/:id': 'read',
  'GET /api/attempts': 'read',
  'GET /api/alerts': 'read',
  'GET /api/alerts/:id': 'read',
  'POST /api/alerts/:id': 'read',
  'POST /api/alert-replays': 'read',
  'GET /api/alert-replays/:id': 'read',
  'GET /api/status': 'read',
  'POST /api/subjects': 'privacy',
  'GET /api/erasures': 'privacy',
  'POST /api/erasures': 'privacy',
  'GET /api/erasures/:id': 'privacy',
  'GET /api/erasures/:id/certificate': 'privacy',
  'POST /api/erasures/:id/approval': 'privacy',
  'POST /api/erasures/:id/withdrawal': 'privacy',
  'GET /api/holds': 'privacy',
  'POST /api/holds': 'privacy',
  'GET /api/retention': 'privacy',
  'GET /api/retention/plan': 'privacy',
  'POST /api/retention/run': 'privacy',
  'POST /api/holds/:id/release': 'privacy',
  'GET /checkpoint': 'log',
  'GET /checkpoints/*': 'log',
  'GET /keys': 'log',
  'GET /minimum-index': 'log',
  'GET /ledger.vkey': 'log',
  'GET /tile/*': 'log',
};

const LET_IN: Readonly<Record<Door, readonly Role[]>> = {
  open: ROLES,
  send: ['sender'],
  read: ['auditor', 'privacy-officer', 'administrator'],
  log: ['auditor', 'privacy-officer', 'administrator'],
  monitor: ['monitor', 'auditor', 'privacy-officer', 'administrator'],
  privacy: ['privacy-officer', 'administrator'],
};

const routes = Object.entries(DOORS).map(([route, door]) => {
  const [method = '', url = ''] = route.split(' ');
  return { route, door, method: method === 'POST' ? ('POST' as const) : ('GET' as const), url };
});
const log = createLog({ level: 'silent', format: 'json' });
const tokens = new Map<Role, string>();
const found = new Map<string, Door | undefined>();
let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let app: FastifyInstance;
let publicApp: FastifyInstance;

beforeAll(async () => {
  data = await makeDataDirectory();
  for (const role of ROLES) {
    const services = role === 'sender' ? ['*'] : [];
    tokens.set(role, (await createToken(data.path, { role, services }, Date.now())).token);
  }
  app = await serve(false);
  publicApp = await serve(true);
});

afterAll(async () => {
  await app.close();
  await publicApp.close();
  await data.remove();
});

async function serve(publicLog: boolean): Promise<FastifyInstance> {
  const access = { required: undefined, publicLog, recordReading: true, certificates: [] };
  const doors = new Doors({
    tls: undefined,
    access,
    tokens: data.path,
    record: () => Promise.resolve(),
    chronicle: {
      file: join(data.path, 'chronicle.json'),
      find: () => Promise.resolve(new Set()),
      size: () => 0,
    },
    log,
  });
  const server = await createServer({
    log,
    doors: {
      isEncrypted: false,
      makeServer: doors.makeServer,
      noteReading: (request, reading) => doors.noteReading(request, reading),
      guard: Object.assign(doors.guard, { protect: watch(doors.guard.protect.bind(doors.guard)) }),
    },
    intake: { accept: () => Promise.resolve(0), hasRoom: () => true },
    archive: nothing(),
    replays: { start: () => 'none', read: () => undefined },
    signals: {
      refuse: (_origin, code) => ({ ok: false, code }),
      takeEvent: () => Promise.resolve({ ok: true }),
      takeLogout: () => Promise.resolve({ ok: true }),
    },
    desk: nobody(),
    retention: nothingDue(),
    troubles: () => [],
    warnings: () => [{ code: 'quorum_missing', message: 'only for those who may know' }],
    metrics: () => 'spanledger_ready 1\n',
  });
  await server.ready();
  return server;
}

/** Notes each route that is added. */
function watch(protect: (server: FastifyInstance) => void): (server: FastifyInstance) => void {
  return (server) => {
    protect(server);
    server.addHook('onRoute', ({ method, url, config }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') found.set(`${one} ${url}`, config?.door);
    });
  };
}

function nobody(): PrivacyDesk {
  const none = (): Promise<never> => Promise.reject(new ExporterError('not_found', 'there is none'));
  return {
    findSubject: none,
    requestErasure: none,
    approveErasure: none,
    withdrawErasure: none,
    erasures: () => Promise.resolve([]),
    erasure: none,
    certificate: none,
    addHold: none,
    holds: () => Promise.resolve([]),
    releaseHold: none,
  };
}

function nothingDue(): RetentionDesk {
  const status = { classes: [], running: false, classed: true, minimum_index: 0 };
  return {
    retention: () => Promise.resolve(status),
    planRetention: () => Promise.resolve({ at: '', classes: [], holds: [] }),
    runRetention: () => Promise.resolve(status),
  };
}

function nothing(): Archive {
  const none = (): Promise<undefined> => Promise.resolve(undefined);
  return {
    tiles: { read: none },
    search: () => Promise.resolve({ records: [] }),
    count: () => Promise.resolve({ count: 0, exact: true }),
    histogram: () => Promise.resolve({ count: 0, exact: true, interval: 'day', buckets: [] }),
    record: none,
    proof: none,
    sessions: () => Promise.resolve({ sessions: [] }),
    session: none,
    completeness: none,
    token: none,
    tokens: () => Promise.resolve({ tokens: [] }),
    attempts: () => Promise.resolve({ attempts: [] }),
    alerts: () => Promise.resolve({ alerts: [] }),
    alert: none,
    changeAlert: none,
    checkpoint: () => Promise.resolve(''),
    vkey: () => Promise.resolve('log+00000000+x'),
    status: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  };
}

async function ask(
  server: FastifyInstance,
  { method, url }: { method: 'GET' | 'POST' | 'HEAD'; url: string },
  token?: string,
): Promise<number> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = {
    ...authorization,
    ...(method === 'POST' && { 'content-type': 'application/x-protobuf' }),
  };
  const { statusCode } = await server.inject({ method, url, headers });
  return statusCode;
}

/** Answers of a route whose door was passed: there is nothing in this archive, and no parameter was given. */
const PASSED = [200, 400, 404, 415];

test('each route stands in the table with its door', () => {
  expect(Object.fromEntries(found)).toEqual(DOORS);
});

test('a route that does not say whom it is for is not added', () => {
  const server = fastify();
  const guard = new Doors({
    tls: undefined,
    access: { required: true, publicLog: false, recordReading: true, certificates: [] },
    tokens: data.path,
    record: () => Promise.resolve(),
    chronicle: {
      file: join(data.path, 'chronicle.json'),
      find: () => Promise.resolve(new Set()),
      size: () => 0,
    },
    log,
  }).guard;
  guard.protect(server);
  expect(() => server.get('/api/new', (_request, reply) => reply.send({}))).toThrow(
    /GET \/api\/new does not say who may use it/,
  );
});

describe.each(routes)('$route', ({ door, ...route }) => {
  test.each(ROLES)('as %s', async (role) => {
    const status = await ask(app, route, tokens.get(role));
    if (LET_IN[door].includes(role)) expect(PASSED).toContain(status);
    else expect(status).toBe(403);
  });

  test('without a token', async () => {
    const status = await ask(app, route);
    if (door === 'open') expect(PASSED).toContain(status);
    else expect(status).toBe(401);
  });

  test('with a token that is none', async () => {
    const status = await ask(app, route, 'slt_nonsense');
    if (door === 'open') expect(PASSED).toContain(status);
    else expect(status).toBe(401);
  });

  test('HEAD is no way around', async () => {
    if (route.method === 'POST') return;
    const status = await ask(app, { method: 'HEAD', url: route.url });
    if (door === 'open') expect(PASSED).toContain(status);
    else expect(status).toBe(401);
  });

  test('without a token, where the log is public', async () => {
    const status = await ask(publicApp, route);
    if (door === 'open' || door === 'log') expect(PASSED).toContain(status);
    else expect(status).toBe(401);
  });
});

test('/readyz tells why only to those who may monitor', async () => {
  const bodies = await Promise.all(
    [undefined, 'sender', 'monitor', 'auditor'].map(async (role) => {
      const token = ROLES.find((one) => one === role);
      const authorization = token === undefined ? {} : { authorization: `Bearer ${tokens.get(token)}` };
      return (await app.inject({ method: 'GET', url: '/readyz', headers: authorization })).body;
    }),
  );
  expect(bodies.map((body) => body.includes('quorum_missing'))).toEqual([false, false, true, true]);
});

test.each([
  '//api/records',
  '/api/./records',
  '/API/records',
  '/api/records/',
  '/api/records?query=',
  '/%61pi/records',
])('%s is no way around', async (url) => {
  expect([401, 404]).toContain(await ask(app, { method: 'GET', url }));
});
