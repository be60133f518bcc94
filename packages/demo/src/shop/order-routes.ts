import { Router, type RequestHandler } from 'express';
import { accessOf, requireRole, requireScope, type Access } from './access.ts';
import { MAX_QUANTITY, type Order, type OrderBook } from './orders.ts';
import type { SessionStore } from './sessions.ts';

const MAX_LISTED_ORDERS = 20;

/** @returns the routes of the catalogue, which everybody may read, and of the orders, which need a token */
export function createOrderRoutes(
  book: OrderBook,
  sessions: SessionStore,
  authenticate: RequestHandler,
): Router {
  const router = Router();

  router.get('/products', (_request, response) => {
    response.json({ products: book.products });
  });

  router.get('/products/:id', (request, response) => {
    const product = book.products.find(({ id }) => id === request.params.id);
    if (product === undefined) response.status(404).json({ error: 'no_such_product' });
    else response.json(product);
  });

  router.get('/me', authenticate, (request, response) => {
    const { subject, roles, scopes } = accessOf(request);
    response.json({ name: sessions.find(request)?.name ?? subject, roles, scopes: [...scopes] });
  });

  router.get('/orders', authenticate, requireScope('orders:read'), (request, response) => {
    const access = accessOf(request);
    const customer = isService(access) ? undefined : access.subject;
    response.json({ orders: book.newest(MAX_LISTED_ORDERS, customer) });
  });

  router.get('/orders/:id', authenticate, requireScope('orders:read'), (request, response) => {
    const order = book.find(String(request.params['id']));
    // Somebody else's order is not told apart from one that does not exist.
    if (order === undefined || !maySee(accessOf(request), order))
      response.status(404).json({ error: 'no_such_order' });
    else response.json(order);
  });

  router.post('/orders', authenticate, requireScope('orders:write'), (request, response) => {
    const wanted = new Map<string, unknown>(Object.entries(Object(request.body)));
    const product = book.products.find(({ id }) => id === wanted.get('product'));
    const quantity = Number(wanted.get('quantity') ?? 1);
    if (product === undefined || !Number.isInteger(quantity) || quantity < 1 || quantity > MAX_QUANTITY) {
      response.status(422).json({ error: 'invalid_order' });
      return;
    }
    const order = book.place(accessOf(request).subject, product, quantity);
    response.status(201).location(`/orders/${order.id}`).json(order);
  });

  router.get(
    '/admin/export',
    authenticate,
    requireScope('admin:export'),
    requireRole('administrator'),
    (request, response) => {
      const page = Number(request.query['page'] ?? 1);
      if (!Number.isInteger(page) || page < 1) response.status(400).json({ error: 'invalid_page' });
      else response.json(book.page(page));
    },
  );

  return router;
}

function maySee(access: Access, order: Order): boolean {
  return isService(access) || order.customer === access.subject;
}

/** A client that acts for nobody: by RFC 9068, section 2.2 its own identifier is the subject of its tokens. */
function isService(access: Access): boolean {
  return access.subject === access.clientId;
}
