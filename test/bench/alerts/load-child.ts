import { Agent, request } from 'node:http';
import { backgroundRequest } from '../../support/exporter/background-load.ts';

// Others that are recorded: so many records a second, from so many people, in requests of so many.
const PEOPLE = 2_000;
const SPANS_PER_REQUEST = 250;
const [, , url = '', perSecond = '0'] = process.argv;

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
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

setInterval(() => {
  const due = ((performance.now() - begun) / 1_000) * Number(perSecond);
  while (sent + SPANS_PER_REQUEST <= due) {
    const body = backgroundRequest(sent, SPANS_PER_REQUEST, PEOPLE, Date.now());
    sent += SPANS_PER_REQUEST;
    post(body);
  }
}, 10);

process.once('SIGTERM', () => {
  process.stdout.write(`done ${taken} ${refused} ${Math.round(performance.now() - begun)}\n`, () => {
    process.exit(0);
  });
});
process.stdout.write('started\n');
