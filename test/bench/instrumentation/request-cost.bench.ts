import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { makeDataDirectory } from '../../support/exporter/service.ts';
import {
  AUTO_INSTRUMENTATIONS,
  FixtureProcess,
  REGISTER,
} from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { describeMachine, median, printLines, spread } from '../statistics.ts';
import { runLoad, type LoadResult } from './steady-load.ts';

const ROUNDS = 6;
const SECONDS = 8;
const WARM_UP_SECONDS = 5;
const PER_SECOND = 300;
const PEOPLE = 50;
const ISSUER = 'https://idp.example';
const AUDIENCE = 'orders';

/** All applications send their own spans this often, so that a round holds several exports. */
const APP_SETTINGS = { OTEL_BSP_SCHEDULE_DELAY: '1000' };

/**
 * The young generation has one size everywhere. Left alone, V8 ends up with 1 to 64 MiB in processes that do the same, and
 * pays for new pages or for collections accordingly: that moved a side by more than what is measured here.
 */
const HEAP_ARGUMENTS = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/** What was put off until after the load is paid within the round. */
const SETTLE_MS = 2_500;

function fixture(name: string): string {
  return pathToFileURL(join(import.meta.dirname, 'fixtures', name)).href;
}

/** The audit exporter, as an operator runs it. */
async function startService(directory: string): Promise<AsyncDisposable & { url: string }> {
  const script = join(import.meta.dirname, '..', 'serve-child.ts');
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const text of child.stdout) {
    output += String(text);
    const url = /^listening (\S+)$/m.exec(output)?.[1];
    if (url === undefined) continue;
    return {
      url,
      [Symbol.asyncDispose]: async () => {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      },
    };
  }
  throw new Error('the service did not start');
}

async function identities(): Promise<{ jwks: string; tokens: string[] }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const tokens = await Promise.all(
    Array.from({ length: PEOPLE }, (_, index) =>
      new SignJWT({
        sid: `session-${index}`,
        azp: 'web',
        scope: 'openid orders',
        acr: '2',
        auth_time: 1_760_000_000,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(`person-${index}`)
        .setJti(`token-${index}`)
        .setIssuedAt()
        .setExpirationTime('2h')
        .sign(privateKey),
    ),
  );
  return { jwks: JSON.stringify({ keys: [jwk] }), tokens };
}

/** CPU time of all threads of an application, in microseconds. */
async function cpuOf(app: FixtureProcess): Promise<number> {
  app.stdout = '';
  app.child.kill('SIGUSR2');
  return Number((await app.line(/^cpu (\d+)$/m))[1]);
}

/** What is loaded into the application before it, and its settings. */
interface Variant {
  readonly name: string;
  readonly imports: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const LEAST_RECORDER = fixture('least-recorder.mjs');

const PEER: Variant = { name: 'OpenTelemetry alone', imports: [AUTO_INSTRUMENTATIONS] };
const OTHERS: readonly Variant[] = [
  { name: 'with the least recorder', imports: [AUTO_INSTRUMENTATIONS, LEAST_RECORDER] },
  {
    name: 'with the least that encodes',
    imports: [AUTO_INSTRUMENTATIONS, LEAST_RECORDER],
    env: { LEAST_ENCODES: 'yes' },
  },
  { name: 'with register', imports: [REGISTER, AUTO_INSTRUMENTATIONS] },
];

/** What a round found of one side. */
interface Figures {
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Surroundings {
  readonly serviceUrl: string;
  readonly telemetryUrl: string;
  readonly jwks: string;
  readonly tokens: readonly string[];
}

/**
 * A round: fresh processes, since how one compiled and laid out its heap stays with it, and all under load at the same
 * time, so that whatever else the machine does meets every side.
 */
async function runRound(variants: readonly Variant[], surroundings: Surroundings): Promise<Figures[]> {
  const { serviceUrl, telemetryUrl, jwks, tokens } = surroundings;
  await using stack = new AsyncDisposableStack();
  const apps: { readonly app: FixtureProcess; readonly url: string }[] = [];
  for (const { imports, env } of variants) {
    const spool = stack.use(await scratchDirectory());
    const app = stack.use(
      new FixtureProcess(fixture('api.mjs'), {
        imports: [...imports],
        execArgv: HEAP_ARGUMENTS,
        env: {
          ISSUER,
          AUDIENCE,
          JWKS: jwks,
          SPANLEDGER_ENDPOINT: serviceUrl,
          SPANLEDGER_SPOOL_DIR: spool.path,
          OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetryUrl,
          ...APP_SETTINGS,
          ...env,
        },
      }),
    );
    apps.push({ app, url: await app.url() });
  }
  const load = (perSecond: number, seconds: number): Promise<LoadResult[]> =>
    Promise.all(apps.map(({ url }) => runLoad({ url, tokens, perSecond, seconds })));
  // A server that has just started compiles: what it costs then says nothing about an hour.
  await load(2 * PER_SECOND, WARM_UP_SECONDS);
  const before = await Promise.all(apps.map(({ app }) => cpuOf(app)));
  const loads = await load(PER_SECOND, SECONDS);
  await pause(SETTLE_MS);
  const after = await Promise.all(apps.map(({ app }) => cpuOf(app)));
  for (const { app } of apps) expect(app.stderr).toBe('');
  return loads.map(({ requests, failures, p50Ms, p99Ms }, index) => {
    expect(failures).toBe(0);
    return { cpuUs: ((after[index] ?? Number.NaN) - (before[index] ?? Number.NaN)) / requests, p50Ms, p99Ms };
  });
}

test('CPU time and latency that register adds to a request (goal: 5 %)', async () => {
  const machine = describeMachine();
  await using stack = new AsyncDisposableStack();
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  const service = stack.use(await startService(join(data.path, 'service')));
  const { jwks, tokens } = await identities();
  const sink = stack.use(new FixtureProcess(fixture('sink.mjs'), { imports: [] }));
  const telemetryUrl = `${await sink.url()}/v1/traces`;
  const variants = [PEER, ...OTHERS];
  const rounds: Figures[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const turned = round % 2 === 1;
    const figures = await runRound(turned ? variants.toReversed() : variants, {
      serviceUrl: service.url,
      telemetryUrl,
      jwks,
      tokens,
    });
    rounds.push(turned ? figures.toReversed() : figures);
  }
  report(machine, variants, rounds);
});

function report(machine: string, variants: readonly Variant[], rounds: readonly Figures[][]): void {
  const of = (index: number, figure: keyof Figures): number[] =>
    rounds.map((figures) => figures[index]?.[figure] ?? Number.NaN);
  const peerUs = of(0, 'cpuUs');
  const lines = variants.map(({ name }, index) => {
    const cpuUs = of(index, 'cpuUs');
    const addedUs = cpuUs.map((value, round) => value - (peerUs[round] ?? Number.NaN));
    const share = (100 * median(addedUs)) / median(peerUs);
    return `${name.padEnd(28)} CPU ${median(cpuUs).toFixed(0)} µs a request, ${median(addedUs).toFixed(0)} µs (${share.toFixed(1)} %) added, ${Math.min(...addedUs).toFixed(0)} to ${Math.max(...addedUs).toFixed(0)}; p50 ${median(of(index, 'p50Ms')).toFixed(2)} ms, p99 ${median(of(index, 'p99Ms')).toFixed(2)} ms (spread ${spread(of(index, 'p99Ms')).toFixed(2)})`;
  });
  printLines([
    machine,
    `after: ${describeMachine()}`,
    `Express 5, jose (ES256), 3 spans a request, every trace sampled, ${PER_SECOND} requests/s for ${SECONDS} s, ${ROUNDS} rounds of fresh processes, all sides at once`,
    ...lines,
  ]);
}
