// An API with spans of its own: node:http, jose and the OpenTelemetry API. It knows nothing of Spanledger.
import { createServer } from 'node:http';
import { trace } from '@opentelemetry/api';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`));
// Taken before the first request, as libraries do.
const tracer = trace.getTracer('app');

const server = createServer(async (request, response) => {
  tracer.startSpan('before').end();
  const token = request.headers.authorization?.slice('Bearer '.length);
  try {
    let subject = null;
    if (token !== undefined) {
      const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
      subject = payload.sub;
    }
    await tracer.startActiveSpan('after', async (span) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      span.end();
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ subject }));
  } catch (error) {
    response.writeHead(401);
    response.end(error.code);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
