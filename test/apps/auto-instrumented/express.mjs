import express from 'express';
import { askWarehouse, authenticate } from './stock.mjs';

const app = express();
app.use(express.json());
app.use(async (request, response, next) => {
  try {
    request.payload = await authenticate(request.headers.authorization);
    next();
  } catch (error) {
    response.status(401).send({ error: error.code });
  }
});
app.get('/orders', (request, response) => response.send([{ of: request.payload.sub }]));
app.get('/orders/:id', async (request, response) => response.send(await askWarehouse(request.params.id)));
app.post('/orders', (request, response) => response.status(201).send(request.body));
app.use((error, _request, response, _next) => response.status(500).send(error.message));
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
