// An application as it is recorded: some spans all the time, and now and then one that a rule looks for. It prints the
// number of each such span and when it ended.
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';

const OTHERS_MS = 20;
const [, , everyMs = '250'] = process.argv;
const tracer = trace.getTracer('shop');

function request(route, user, address) {
  const attributes = {
    'http.request.method': 'GET',
    'http.route': route,
    'http.response.status_code': 200,
    'user.id': user,
    'client.address': address,
  };
  tracer.startSpan(`GET ${route}`, { kind: SpanKind.SERVER, attributes }, ROOT_CONTEXT).end();
}

let others = 0;
setInterval(() => {
  others++;
  request('/orders/:id', `customer-${others % 50}`, `198.51.100.${others % 50}`);
}, OTHERS_MS);

let number = 0;
function triggerLater() {
  // Not in step with anything else that is regular.
  setTimeout(
    () => {
      number++;
      request('/bench/trigger', `trigger-${number}`, '192.0.2.1');
      process.stdout.write(`ended ${number} ${Date.now()}\n`);
      triggerLater();
    },
    Number(everyMs) * (0.5 + Math.random()),
  );
}
triggerLater();
