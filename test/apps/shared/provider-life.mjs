// What applications do with providers: several, the same one twice, disabled, registered again, tracers from before.
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';

const sdk = await import(process.env.SDK);
const Provider = sdk.NodeTracerProvider ?? sdk.TracerProvider;
const span = (tracer, name) => {
  tracer.startSpan(name, {}, ROOT_CONTEXT).end();
};

const early = trace.getTracer('early');
span(early, 'lost: nobody has a provider');
const first = new Provider({ sampler: new sdk.AlwaysOffSampler() });
const unregistered = first.getTracer('own');
trace.setGlobalTracerProvider(first);
span(early, 'tracer from before');
span(unregistered, 'tracer of the provider, from before');
// Refused by the API, which answers false.
trace.setGlobalTracerProvider(first);
span(trace.getTracer('again'), 'the same provider twice');
trace.disable();
const second = new Provider();
trace.setGlobalTracerProvider(second);
span(trace.getTracer('second'), 'the second provider');
span(unregistered, 'the first provider, beside the second');
trace.disable();
trace.setGlobalTracerProvider(first);
span(trace.getTracer('third'), 'the first provider again');
await first.shutdown();
span(trace.getTracer('fourth'), 'after shutdown');
