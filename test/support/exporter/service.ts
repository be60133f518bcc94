import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, loadConfig, type Service, startService } from '@spanledger/audit-exporter';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { type VerificationReport, verifyLedger } from '@spanledger/ledger/verify';

/** A scratch data directory. */
export async function makeDataDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'spanledger-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The configuration that tests run with: any free port, nothing on stderr. */
export function testConfig(dataDirectory: string, env: NodeJS.ProcessEnv = {}): Config {
  return loadConfig({
    directory: dataDirectory,
    env: { SPANLEDGER_LOG_LEVEL: 'silent', SPANLEDGER_PUBLISH_INTERVAL_MS: '20', ...env },
    flags: { dataDirectory, port: 0 },
  });
}

/** A service in this process. */
export function startTestService(dataDirectory: string, env: NodeJS.ProcessEnv = {}): Promise<Service> {
  return startService(testConfig(dataDirectory, env));
}

/** What is sent, and how. */
export interface Sending {
  contentType?: string;
  encoding?: string;
  /** Ends the waiting for an answer. */
  signal?: AbortSignal;
}

/** Posts a body to `/v1/traces`. */
export async function sendTraces(
  url: string,
  body: Uint8Array | string,
  { contentType = 'application/x-protobuf', encoding, signal }: Sending = {},
): Promise<Response> {
  return fetch(`${url}/v1/traces`, {
    method: 'POST',
    ...(signal !== undefined && { signal }),
    headers: { 'content-type': contentType, ...(encoding !== undefined && { 'content-encoding': encoding }) },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

/** All published entries of a data directory, parsed. */
export async function readEntries(dataDirectory: string): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for await (const entry of publishedEntries(dataDirectory)) entries.push(entry);
  return entries;
}

/** The same one by one, for more of them than memory takes. */
export async function* publishedEntries(dataDirectory: string): AsyncGenerator<Record<string, unknown>> {
  const reader = new LedgerReader(fileTiles(join(dataDirectory, 'ledger')));
  const { size } = await reader.checkpoint();
  for await (const { bytes } of reader.entries(0, size)) yield JSON.parse(Buffer.from(bytes).toString());
}

/** Verifies the ledger of a data directory. */
export async function verifyDirectory(dataDirectory: string): Promise<VerificationReport> {
  const vkey = (await readFile(join(dataDirectory, 'ledger.vkey'), 'utf8')).trim();
  return verifyLedger({ source: fileTiles(join(dataDirectory, 'ledger')), vkey });
}

/** Every file below a directory, with its bytes. */
export async function readAllFiles(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // One that a running service has taken away meanwhile holds nothing.
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined) files.set(path, bytes);
  }
  return files;
}

/** Whether the followers of a service have taken in all that is durable, which is published a little later. */
export function hasCaughtUp(service: Pick<Service, 'sizes' | 'status'>): boolean {
  const { durable, published } = service.sizes();
  const lags: unknown[] = Object.values(Object(service.status()['followers']));
  return published === durable && lags.length > 0 && lags.every((lag) => lag === 0);
}

/** Waits until a condition holds. */
export async function waitFor(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await delay(10);
  }
}
