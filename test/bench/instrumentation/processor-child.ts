// What the audit processor costs on top of the bare SDK, in a process without a test runner: prints one line of JSON.
import { ROOT_CONTEXT, SpanKind, trace, type Context, type Tracer } from '@opentelemetry/api';
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { attachToProvider } from '../../../packages/instrumentation/src/attach/provider.ts';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { SpanSink } from '../../../packages/instrumentation/src/audit/span-sink.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import { slotInContext, type Binding } from '../../../packages/instrumentation/src/session/slot.ts';

const REQUESTS = 2_500;
const SPANS = 6;
const ROUNDS = 80;
const WARM_UP_ROUNDS = 20;
const SESSIONS = 100;

const idle: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

const discarding: SpanSink = { emit: () => undefined, provisional: () => 0, flush: () => undefined };
const audit = new AuditProcessor(discarding, () => performance.now());

const registry = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
const bindings = Array.from({ length: SESSIONS }, (_, index): Binding => {
  const claims = {
    iss: 'https://idp.example',
    sub: `person-${index}`,
    sid: `session-${index}`,
    azp: 'shop',
    acr: '2',
  };
  const session = registry.resolve(claims, undefined);
  if (session === undefined) throw new Error('no session');
  return { session, token: { type: 'access', id: `token-${index}`, issuedAt: 1, expiresAt: 2 } };
});

/** Ten attributes, as a server span has them. */
function attributes(): Record<string, string | number> {
  return {
    'http.request.method': 'GET',
    'http.route': '/orders/:id',
    'http.response.status_code': 200,
    'network.peer.address': '10.0.0.7',
    'network.peer.port': 51_234,
    'network.protocol.version': '1.1',
    'server.address': 'shop.example',
    'server.port': 443,
    'url.path': '/orders/17',
    'url.scheme': 'https',
  };
}

function request(tracer: Tracer, binding: Binding | undefined): void {
  const root = tracer.startSpan(
    'GET /orders/:id',
    { kind: SpanKind.SERVER, attributes: attributes() },
    ROOT_CONTEXT,
  );
  const context: Context = trace.setSpan(ROOT_CONTEXT, root);
  tracer.startSpan('before', { attributes: attributes() }, context).end();
  const slot = slotInContext(root);
  if (slot !== undefined && binding !== undefined) audit.bind(slot, binding);
  for (let index = 2; index < SPANS; index++)
    tracer.startSpan('after', { attributes: attributes() }, context).end();
  root.end();
}

function nsPerSpan(tracer: Tracer): number {
  // The thread's own time: what other processes take of the machine is not counted.
  const begin = process.threadCpuUsage();
  for (let index = 0; index < REQUESTS; index++) request(tracer, bindings[index % SESSIONS]);
  const { user, system } = process.threadCpuUsage(begin);
  return ((user + system) * 1_000) / (REQUESTS * SPANS);
}

const bare = new TracerProvider({ spanProcessors: [idle] });
const audited = new TracerProvider({ spanProcessors: [idle] });
attachToProvider(audited, audit);
// Audited spans come first, as in an application: the engine fits the size of these objects to the first ones it sees.
const sides = Object.entries({ audited, bare }).map(([name, provider]) => ({
  name,
  tracer: provider.getTracer('bench'),
  rounds: Array.of<number>(),
}));
for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
  for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
    const ns = nsPerSpan(side.tracer);
    if (round >= WARM_UP_ROUNDS) side.rounds.push(ns);
    // Whatever waits on a timer is done between the rounds, not in one of them.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
process.stdout.write(JSON.stringify(Object.fromEntries(sides.map(({ name, rounds }) => [name, rounds]))));
