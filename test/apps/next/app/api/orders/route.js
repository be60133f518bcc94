import { trace } from '@opentelemetry/api';
import { createRemoteJWKSet, jwtVerify } from 'jose';

let keys;

export async function GET(request) {
  const { ISSUER, AUDIENCE } = process.env;
  keys ??= createRemoteJWKSet(new URL(`${ISSUER}/jwks`));
  const tracer = trace.getTracer('app');
  tracer.startSpan('before').end();
  const token = request.headers.get('authorization')?.slice('Bearer '.length);
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
    tracer.startSpan('after').end();
    return Response.json({ subject: payload.sub });
  } catch (error) {
    return Response.json({ error: error.code }, { status: 401 });
  }
}
