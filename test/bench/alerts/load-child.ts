import { Agent, request } from 'node:http';
import type { HrTime } from '@opentelemetry/api';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

// Others that are recorded: so many records a second, from so many people, in requests of so many.
const PEOPLE = 2_000;
const SPANS_PER_REQUEST = 250;
const [, , url = '', perSecond = '0'] = process.argv;

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const sender = createSender('background');
const begun = performance.now();
let sent = 0;
let taken = 0;
let refused = 0;

function post(body: Uint8Array): void {
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  const asked = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
    response.resume();
    if (response.statusCode === 200) taken += SPANS_PER_REQUEST;
    else refused += SPANS_PER_REQUEST;
  });
  asked.on('error', () => (refused += SPANS_PER_REQUEST));
  asked.end(body);
}

function now(): HrTime {
  const ms = Date.now();
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}

setInterval(() => {
  const due = ((performance.now() - begun) / 1_000) * Number(perSecond);
  while (sent + SPANS_PER_REQUEST <= due) {
    const at = now();
    const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, i) => {
      const person = (sent + i) % PEOPLE;
      const attributes = {
        ...sessionAttributes(`person-${person}`, `session-${person}`),
        'client.address': `10.1.${person >> 8}.${person & 255}`,
      };
      return sender.span({ start: at, end: at, attributes });
    });
    sent += SPANS_PER_REQUEST;
    post(toProtobuf(spans));
  }
}, 10);

process.once('SIGTERM', () => {
  process.stdout.write(`done ${taken} ${refused} ${Math.round(performance.now() - begun)}\n`, () => {
    process.exit(0);
  });
});
process.stdout.write('started\n');
