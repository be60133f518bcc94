import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { createRemoteJWKSet } from 'jose';
import { requireToken, type AccessRules } from './access.ts';
import type { ShopConfiguration } from './configuration.ts';
import { createLoginRoutes } from './login-routes.ts';
import { createOrderRoutes } from './order-routes.ts';
import { OrderBook } from './orders.ts';
import type { RelyingParty } from './relying-party.ts';
import { SessionStore } from './sessions.ts';

/** @returns the shop, ready to answer requests */
export function createApp(config: ShopConfiguration, party: RelyingParty): Express {
  const sessions = new SessionStore();
  const rules: AccessRules = {
    keys: createRemoteJWKSet(party.keysUrl),
    issuer: config.issuer,
    audience: config.resource,
  };
  const app = express();
  app.disable('x-powered-by');
  app.use(numberRequests);
  app.use(setSecurityHeaders);
  app.use(express.json({ limit: '16kb' }));
  app.get('/', (_request, response) => {
    response.json({ shop: 'open', login: '/login', products: '/products' });
  });
  app.use(createLoginRoutes(party, sessions, rules, config.clientId));
  app.use(createOrderRoutes(new OrderBook(), sessions, requireToken(rules, sessions, party)));
  app.use((_request, response) => {
    response.status(404).json({ error: 'not_found' });
  });
  app.use(answerErrors);
  return app;
}

const numberRequests: RequestHandler = (_request, response, next) => {
  response.set('x-request-id', randomUUID());
  next();
};

const setSecurityHeaders: RequestHandler = (_request, response, next) => {
  response.set({ 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'" });
  next();
};

// Express knows an error handler by its four parameters.
const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const status = new Map<string, unknown>(Object.entries(Object(error))).get('status');
  const isClientError = typeof status === 'number' && status >= 400 && status < 500;
  if (!isClientError) console.error('shop:', error);
  response.status(isClientError ? status : 500).json({ error: isClientError ? 'bad_request' : 'internal' });
};
