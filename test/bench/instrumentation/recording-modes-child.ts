// What an unsampled request of six spans costs by SPANLEDGER_RECORD, encoding included: prints one line of JSON.
import { ROOT_CONTEXT, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { attachToProvider } from '../../../packages/instrumentation/src/attach/provider.ts';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import { SpoolSink } from '../../../packages/instrumentation/src/audit/spool-sink.ts';
import type { RecordMode } from '../../../packages/instrumentation/src/config.ts';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import { slotInContext } from '../../../packages/instrumentation/src/session/slot.ts';

const REQUESTS = 2_000;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 10;

const sessions = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined });
const session = sessions.resolve({ iss: 'https://idp.example', sub: 's', sid: 'x', azp: 'shop' }, undefined);
if (session === undefined) throw new Error('no session');
const binding = { session, token: undefined };

function attributes(): Record<string, string | number> {
  return {
    'http.request.method': 'GET',
    'http.route': '/orders/:id',
    'server.port': 443,
    'url.path': '/orders/17',
  };
}

interface Side {
  readonly name: string;
  readonly tracer: Tracer;
  readonly processor: AuditProcessor | undefined;
  readonly bound: boolean;
  readonly rounds: number[];
}

function side(name: string, record: RecordMode | undefined, bound: boolean): Side {
  const provider = new TracerProvider({ sampler: new AlwaysOffSampler() });
  let processor: AuditProcessor | undefined;
  if (record !== undefined) {
    const sink = new SpoolSink({
      streamId: 'ab'.repeat(16),
      encoder: new TraceEncoder('ab'.repeat(16)),
      writer: { append: () => 'written', noteLosses: () => undefined },
      onWritten: () => undefined,
      now: () => performance.now(),
    });
    processor = new AuditProcessor(sink, () => performance.now(), record);
    attachToProvider(provider, processor);
  }
  return { name, tracer: provider.getTracer('bench'), processor, bound, rounds: [] };
}

function request({ tracer, processor, bound }: Side): void {
  const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes: attributes() }, ROOT_CONTEXT);
  const context = trace.setSpan(ROOT_CONTEXT, root);
  tracer.startSpan('before', { attributes: attributes() }, context).end();
  const slot = slotInContext(root);
  if (bound && slot !== undefined) processor?.bind(slot, binding);
  for (let index = 0; index < 4; index++)
    tracer.startSpan('after', { attributes: attributes() }, context).end();
  root.end();
}

const sides = [
  side('alone', undefined, false),
  side('all', 'all', true),
  side('roots', 'roots', true),
  side('sessions, bound', 'sessions', true),
  side('sessions, never bound', 'sessions', false),
];
for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
  for (const each of round % 2 === 0 ? sides : [...sides].reverse()) {
    const begin = process.threadCpuUsage();
    for (let index = 0; index < REQUESTS; index++) request(each);
    const { user, system } = process.threadCpuUsage(begin);
    if (round >= WARM_UP_ROUNDS) each.rounds.push((user + system) / REQUESTS);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
process.stdout.write(JSON.stringify(Object.fromEntries(sides.map(({ name, rounds }) => [name, rounds]))));
