import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { FixtureProcess, STANDALONE } from '../../support/instrumentation/fixture-process.ts';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';
import { waitFor } from '../../support/exporter/service.ts';
import { HttpReceiver } from '../../support/receivers/http.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';

const RATES = [1_000, 5_000];
const SECONDS = 30;
const WARM_UP_MS = 5_000;
/** Followers that did not keep up have this long to catch up. */
const PATIENCE_MS = 120_000;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** A rule that a single record fulfils; the built-in ones run beside it. */
const RULE = {
  id: 'bench-trigger',
  name: 'A record that is looked for',
  version: 1,
  severity: 'high',
  select: { trigger: { 'http.route': '/bench/trigger' } },
  group_by: ['user.id'],
  suppress: '1h',
  alert_if: { count: 1 },
};

test.each(RATES)(
  'from the end of a span to its alert at a webhook, %i records/s beside it',
  async (perSecond) => {
    const machine = describeMachine();
    const data = await mkdtemp(join(tmpdir(), 'spanledger-bench-'));
    const spool = await mkdtemp(join(tmpdir(), 'spanledger-bench-'));
    await using receiver = await HttpReceiver.start();
    await writeFile(join(data, 'rules.yaml'), stringify({ rules: [RULE] }));
    await writeFile(
      join(data, 'spanledger.yaml'),
      stringify({
        alerts: {
          rules_file: join(data, 'rules.yaml'),
          deliver: [
            {
              name: 'bench',
              kind: 'webhook',
              url: receiver.url,
              secret_files: [join(data, 'secret')],
              rules: [RULE.id],
              include: ['identity'],
            },
          ],
        },
      }),
    );
    await writeFile(join(data, 'secret'), SECRET);
    const here = import.meta.dirname;
    await using service = new ScriptProcess(join(here, 'serve-child.ts'), here, { args: [data] });
    const url = await service.url();
    await using load = new ScriptProcess(join(here, 'load-child.ts'), here, {
      args: [url, String(perSecond)],
    });
    await using app = new FixtureProcess(pathToFileURL(join(here, 'fixtures', 'app.mjs')).href, {
      imports: [STANDALONE],
      args: ['250'],
      env: {
        SPANLEDGER_ENDPOINT: `${url}/v1/traces`,
        SPANLEDGER_SPOOL_DIR: spool,
        ...(process.env['SPANLEDGER_SEND_INTERVAL_MS'] !== undefined && {
          SPANLEDGER_SEND_INTERVAL_MS: process.env['SPANLEDGER_SEND_INTERVAL_MS'],
        }),
      },
    });
    await load.line(/^started$/m);
    await pause(WARM_UP_MS);
    const from = Date.now();
    await pause(SECONDS * 1_000);
    const ended = [...app.stdout.matchAll(/^ended (\d+) (\d+)$/gm)]
      .map(([, number = '', at = '']) => ({ user: `trigger-${number}`, atMs: Number(at) }))
      .filter(({ atMs }) => atMs >= from);
    const received = new Map<string, number>();
    const read = (): boolean => {
      for (const { body, atMs } of receiver.posts.splice(0)) {
        const { user } = JSON.parse(body).data;
        received.set(user.id, Math.min(atMs, received.get(user.id) ?? Infinity));
      }
      return ended.every(({ user }) => received.has(user));
    };
    const { followers } = JSON.parse(await (await fetch(`${url}/api/status`)).text());
    load.child.kill('SIGTERM');
    const [, taken = '', refused = '', tookMs = ''] = await load.line(/^done (\d+) (\d+) (\d+)$/m);
    await waitFor('every alert', read, PATIENCE_MS);
    await app.kill();
    await service.kill('SIGTERM');
    const latencies = ended.map(({ user, atMs }) => (received.get(user) ?? Number.NaN) - atMs);
    const ms = (share: number): string => `${Math.round(quantile(latencies, share))} ms`;
    printLines([
      machine,
      `${latencies.length} alerts in ${SECONDS} s, ${Math.round((Number(taken) * 1_000) / Number(tookMs))} records/s beside them (${refused} refused)`,
      `records that followers were behind at the end: ${JSON.stringify(followers)}`,
      `from the end of the span to the webhook: p50 ${median(latencies)} ms, p95 ${ms(0.95)}, p99 ${ms(0.99)}, longest ${ms(1)}`,
    ]);
    expect(latencies.every(Number.isFinite)).toBe(true);
    await rm(data, { recursive: true, force: true });
    await rm(spool, { recursive: true, force: true });
  },
);
