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
import { runLoad } from './steady-load.ts';

const ROUNDS = 7;
const SECONDS = 4;
const WARM_UP_SECONDS = 10;
const PER_SECOND = 300;
const PEOPLE = 50;
const ISSUER = 'https://idp.example';
const AUDIENCE = 'orders';

/** Both applications send their own spans this often, so that a round holds several exports. */
const APP_SETTINGS = { OTEL_BSP_SCHEDULE_DELAY: '1000' };

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

interface Side {
  readonly name: string;
  readonly app: FixtureProcess;
  readonly url: string;
  readonly cpu: number[];
  readonly p50: number[];
  readonly p99: number[];
}

async function compare(
  variants: readonly (readonly [string, Record<string, string> | undefined])[],
): Promise<Side[]> {
  await using stack = new AsyncDisposableStack();
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  const service = stack.use(await startService(join(data.path, 'service')));
  const { jwks, tokens } = await identities();
  const sink = stack.use(new FixtureProcess(fixture('sink.mjs'), { imports: [] }));
  const telemetry = `${await sink.url()}/v1/traces`;
  const sides: Side[] = [];
  for (const [name, env] of variants) {
    const spool = stack.use(await scratchDirectory());
    const app = stack.use(
      new FixtureProcess(fixture('api.mjs'), {
        imports:
          env?.['SPANLEDGER_DISABLED'] === 'true'
            ? [AUTO_INSTRUMENTATIONS]
            : [REGISTER, AUTO_INSTRUMENTATIONS],
        env: {
          ISSUER,
          AUDIENCE,
          JWKS: jwks,
          SPANLEDGER_ENDPOINT: service.url,
          SPANLEDGER_SPOOL_DIR: spool.path,
          OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetry,
          ...APP_SETTINGS,
          ...env,
        },
      }),
    );
    sides.push({ name, app, url: await app.url(), cpu: [], p50: [], p99: [] });
  }
  // A server that has just started compiles: what it costs then says nothing about an hour.
  for (const { url } of sides)
    await runLoad({ url, tokens, perSecond: 2 * PER_SECOND, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      const before = await cpuOf(side.app);
      const load = await runLoad({ url: side.url, tokens, perSecond: PER_SECOND, seconds: SECONDS });
      await pause(SETTLE_MS);
      const cpu = (await cpuOf(side.app)) - before;
      expect(load.failures).toBe(0);
      side.cpu.push(cpu / load.requests);
      side.p50.push(load.p50Ms);
      side.p99.push(load.p99Ms);
    }
  }
  for (const { app } of sides) expect(app.stderr).toBe('');
  return sides;
}

function report(title: string, machine: string, sides: readonly Side[]): void {
  const [peer] = sides;
  if (peer === undefined) return;
  const lines = [
    machine,
    `after: ${describeMachine()}`,
    `${title}; Express 5, jose (ES256), 3 spans a request, ${PER_SECOND} requests/s for ${SECONDS} s, ${ROUNDS} rounds, alternating`,
  ];
  for (const { name, cpu, p50, p99 } of sides) {
    const added = cpu.map((value, round) => value - (peer.cpu[round] ?? Number.NaN));
    lines.push(
      `${name.padEnd(28)} CPU ${median(cpu).toFixed(0)} µs a request (${(100 * (median(added) / median(peer.cpu))).toFixed(1)} % added, spread ${spread(cpu).toFixed(0)}), p50 ${median(p50).toFixed(2)} ms, p99 ${median(p99).toFixed(2)} ms (spread ${spread(p99).toFixed(2)})`,
    );
  }
  printLines(lines);
}

test('CPU time and latency that register adds to a request (goal: 5 %)', async () => {
  const machine = describeMachine();
  const sides = await compare([
    ['OpenTelemetry alone', { SPANLEDGER_DISABLED: 'true' }],
    ['with register', {}],
  ]);
  report('every trace sampled', machine, sides);
});
