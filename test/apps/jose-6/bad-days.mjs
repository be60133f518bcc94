// A server on whose requests everything goes wrong that can go wrong in what an instrumentation touches.
import { createServer } from 'node:http';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { bindSession } from '@spanledger/instrumentation-oidc';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`));
const tracer = trace.getTracer('bad-days');
const person = { iss: ISSUER, sub: 'alice', sid: 's1' };

const refuse = () => {
  throw hostile;
};
/** Nothing can be done with it, not even asking what it is. */
const hostile = new Proxy(Object.create(null), {
  get: refuse,
  getPrototypeOf: refuse,
  has: refuse,
  ownKeys: refuse,
  getOwnPropertyDescriptor: refuse,
});
const thrown = {
  nothing: undefined,
  null: null,
  text: 'no key today',
  symbol: Symbol('no key'),
  frozen: Object.freeze(new Error('frozen')),
  getters: Object.defineProperties(new Error('getters'), {
    code: { get: refuse },
    claim: { get: refuse },
    payload: { get: refuse },
  }),
  hostile,
};

const cyclic = { ...person, sid: 'cyclic' };
Object.assign(cyclic, { self: cyclic, scope: [cyclic], amr: [[cyclic]], roles: cyclic, aud: [cyclic] });
let deep = {};
for (let level = 0; level < 50_000; level += 1) deep = { deep };
const claims = {
  cyclic,
  deep: { ...person, sid: 'deep', deep, roles: [deep] },
  polluting: JSON.parse(
    `{"iss":"${ISSUER}","sub":"__proto__","sid":"constructor","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1}`,
  ),
  surrogates: { ...person, sub: '\ud800', sid: '\udfff\ud800', scope: '\ud83d' },
  long: { ...person, sid: 'long', scope: Array(200_000).fill('scope'), sub: 'x'.repeat(2_000_000) },
  getter: Object.defineProperty({ ...person }, 'sid', { enumerable: true, get: refuse }),
  proxy: hostile,
  nothing: null,
  number: 5,
  bigint: { ...person, sid: 'bigint', iat: 5n, exp: Symbol('exp'), acr: () => 1 },
};

const handlers = {
  async verify(token) {
    const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
    return Object.keys(payload).join();
  },
  async throws(name) {
    try {
      await jwtVerify(await sample(), () => {
        throw thrown[name];
      });
    } catch (error) {
      return error === thrown[name] ? 'the very same' : 'something else';
    }
  },
  async arguments() {
    const outcomes = await Promise.allSettled([
      jwtVerify(),
      jwtVerify(null, null),
      jwtVerify({}, {}, hostile),
    ]);
    return outcomes.map(({ status }) => status).join();
  },
  binds(name) {
    bindSession(claims[name]);
    return 'still here';
  },
  attributes() {
    return tracer.startActiveSpan('wide', (span) => {
      bindSession(person);
      for (let index = 0; index < 10_000; index += 1)
        span.setAttribute(`attribute-${index}`, `value ${index}`);
      for (let index = 0; index < 1_000; index += 1) span.addEvent(`event-${index}`, { index });
      span.end();
      return span.isRecording() ? 'recording' : 'ended';
    });
  },
  surrogates() {
    return tracer.startActiveSpan(
      '\ud800 name',
      { attributes: { '\udfff': '\ud800', list: ['\ud83d'] } },
      (span) => {
        span.addEvent('\ud800', { '\ud800': '\udfff' });
        span.setStatus({ code: SpanStatusCode.ERROR, message: '\udbff' });
        span.end();
        return 'ended';
      },
    );
  },
};

/** A token's shape is enough where no key is ever found. */
async function sample() {
  return `${btoa('{"alg":"RS256"}').replaceAll('=', '')}.e30.AA`;
}

const server = createServer(async (request, response) => {
  const [, name, argument] = request.url.split('/');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const answer = await handlers[name](argument ?? Buffer.concat(chunks).toString());
    response.end(`${answer} ${Object.keys(Object.prototype).length} ${{}.polluted}`);
  } catch (error) {
    response.writeHead(401).end(error === hostile ? 'hostile' : `${error.code}: ${error.message}`);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
