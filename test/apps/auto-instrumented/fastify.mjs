import Fastify from 'fastify';
import { askWarehouse, authenticate } from './stock.mjs';

const app = Fastify();
app.addHook('onRequest', async (request, reply) => {
  try {
    request.payload = await authenticate(request.headers.authorization);
  } catch (error) {
    return reply.code(401).send({ error: error.code });
  }
});
app.get('/orders', (request) => [{ of: request.payload.sub }]);
app.get('/orders/:id', (request) => askWarehouse(request.params.id));
app.post('/orders', (request, reply) => reply.code(201).send(request.body));
await app.listen({ port: 0, host: '127.0.0.1' });
console.log(`listening ${app.server.address().port}`);
