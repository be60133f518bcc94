import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPeople, startProvider, startShop, startTelemetrySink } from '@spanledger/demo';
import { startLibraryApp } from '../../support/apps/library-world.ts';
import { decodeTraceRequest } from '../../support/instrumentation/otlp-decoder.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';

const APPS = ['express', 'fastify', 'nest'] as const;
/** Requests of people to each app: 150 spans with Fastify, 1,100 with Nest. */
const VISITS = 90;
const PEOPLE = 12;
/** Of the demo, which sends in order, this comes last. */
const LAST_OF_DEMO = 'POST /logout';
const MAX_WAIT_MS = 60_000;

/** What one process sent, from its first span on, as one request. */
export interface CapturedRequest {
  name: string;
  bytes: Buffer;
}

/** Lets the demo and an app of each framework run, auto-instrumented, and keeps what their audit trails send. */
export async function captureRequests(): Promise<CapturedRequest[]> {
  const captured = [await captureDemo()];
  for (const app of APPS) captured.push(await captureApp(app));
  return captured;
}

async function captureApp(app: (typeof APPS)[number]): Promise<CapturedRequest> {
  await using world = await startLibraryApp('auto-instrumented', `${app}.mjs`, { telemetry: './auto.mjs' });
  const people = Array.from({ length: PEOPLE }, (_, i) => ({ sub: `user-${i}`, sid: `session-${i}` }));
  const tokens = await Promise.all(people.map((person) => world.provider.tokens.mint(person)));
  for (let visit = 0; visit < VISITS; visit++) {
    const authorization = `Bearer ${tokens[visit % PEOPLE] ?? ''}`;
    if (visit % 3 === 0) await world.send('/orders', { headers: { authorization } });
    else if (visit % 3 === 1) await world.send(`/orders/${visit}?from=app`, { headers: { authorization } });
    else {
      const headers = { authorization, 'content-type': 'application/json' };
      await world.send('/orders', { method: 'POST', headers, body: `{"item":${visit}}` });
    }
  }
  // One that nobody may make.
  await world.get('/orders');
  const failed = world.exchanges.filter(({ status }) => status >= 400);
  if (failed.length !== 1) throw new Error(`${app} answered ${failed.map(({ status }) => status).join(' ')}`);
  await world.spans();
  return { name: app, bytes: Buffer.concat(world.audit.accepted) };
}

async function captureDemo(): Promise<CapturedRequest> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-capture-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const audit = stack.use(await new TestReceiver().listen());
  const provider = await startProvider(() => undefined);
  stack.defer(() => provider.close());
  const telemetry = await startTelemetrySink();
  stack.defer(() => telemetry.close());
  const surroundings = {
    auditEndpoint: audit.url,
    spoolDirectory: join(directory, 'spool'),
    telemetryUrl: telemetry.url,
    instanceId: 'captured',
  };
  const shop = await startShop(provider, surroundings, AbortSignal.timeout(MAX_WAIT_MS));
  stack.defer(() => shop.stop());
  const world = { shopUrl: shop.url, issuer: provider.issuer, noteSecret: () => undefined };
  await runPeople(world, provider.accounts, provider.reportSecret);
  const isLast = ({ name }: { name: string }): boolean => name === LAST_OF_DEMO;
  await audit.waitFor((spans) => spans.some(isLast), LAST_OF_DEMO, MAX_WAIT_MS);
  return { name: 'demo', bytes: Buffer.concat(audit.accepted) };
}

/** How many spans and attributes a request has, for whoever reads the figures. */
export function describeRequest({ name, bytes }: CapturedRequest): string {
  const spans = decodeTraceRequest(bytes);
  const attributes = spans.reduce((sum, span) => sum + Object.keys(span.attributes).length, 0);
  const resource = Math.max(...spans.map((span) => Object.keys(span.resource).length));
  const names = new Set(spans.map((span) => span.name)).size;
  return `${name} ${spans.length} spans of ${names} names, ${(attributes / spans.length).toFixed(1)} attributes each, ${resource} of the resource, ${(bytes.length / 1024).toFixed(0)} KiB`;
}
