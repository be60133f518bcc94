import {
  runPeople,
  startProvider,
  startShop,
  startTelemetrySink,
  type DemoProvider,
  type RunningChild,
  type TelemetrySink,
} from '@spanledger/demo';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuditSink, type AuditSink } from './audit-sink.ts';

describe('what leaves the shop while everybody uses it', () => {
  const secrets = new Set<string>();
  let directory: string;
  let sink: AuditSink;
  let provider: DemoProvider;
  let telemetry: TelemetrySink;
  let shop: RunningChild;

  beforeAll(async () => {
    const noteSecret = (secret: string): unknown => secrets.add(secret);
    directory = await mkdtemp(join(tmpdir(), 'spanledger-e2e-secrets-'));
    sink = await startAuditSink();
    provider = await startProvider(noteSecret);
    // What the application's own exporter sends is its own business, and not looked at here.
    telemetry = await startTelemetrySink();
    const surroundings = {
      auditEndpoint: sink.endpoint,
      spoolDirectory: join(directory, 'spool'),
      telemetryUrl: telemetry.url,
      instanceId: 'secrets',
    };
    shop = await startShop(provider, surroundings, new AbortController().signal);
    const world = { shopUrl: shop.url, issuer: provider.issuer, noteSecret };
    await runPeople(world, provider.accounts, provider.reportSecret);
  });
  afterAll(async () => {
    await shop.stop();
    await provider.close();
    await sink.close();
    await telemetry.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('holds no token, code, secret, cookie or password in the spool', async () => {
    expect(secrets.size).toBeGreaterThan(50);
    const spooled = await readAll(directory);
    expect(spooled.length).toBeGreaterThan(50_000);
    expect(spooled.includes('/admin/export')).toBe(true);
    for (const secret of secrets) expect(spooled.includes(secret)).toBe(false);
  });

  it('holds none of them on the wire either', async () => {
    sink.open();
    // Spans are sent in order, and Alice logs out at the end.
    await expect
      .poll(() => Buffer.concat(sink.received).includes('POST /logout'), { timeout: 20_000 })
      .toBe(true);
    const wire = Buffer.concat(sink.received);
    expect(wire.length).toBeGreaterThan(50_000);
    expect(wire.includes('/admin/export')).toBe(true);
    for (const secret of secrets) expect(wire.includes(secret)).toBe(false);
  });
});

async function readAll(directory: string): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // A segment may be removed, because it was delivered, between the listing and the reading.
  const contents = await Promise.all(files.map((file) => readFile(file).catch(() => Buffer.alloc(0))));
  return Buffer.concat(contents);
}
