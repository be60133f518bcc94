import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Collector, freeAddresses, startCollector } from './collector.ts';

/** In the place of `telemetry-to-elasticsearch.yaml`. */
export const TO_FILE: string = fileURLToPath(new URL('telemetry-to-file.yaml', import.meta.url));

/** A file of `collector-config/`. */
export function shippedConfig(name: string): string {
  return fileURLToPath(new URL(`../../../collector-config/${name}`, import.meta.url));
}

/** A shipped configuration with folders and addresses of its own, to be run again and again. */
export interface ShippedCollector extends AsyncDisposable {
  /** The variables that it is run with at its next start. */
  env: Record<string, string>;
  /** A scratch folder. */
  directory: string;
  /** What the normal path lets through. */
  telemetryFile: string;
  /** Where its receivers listen: `OTLP_HTTP_ENDPOINT` … as URLs. */
  url: (variable: string) => string;
  start: () => Promise<Collector>;
}

const ADDRESSES = [
  'HEALTH_ENDPOINT',
  'OTLP_GRPC_ENDPOINT',
  'OTLP_HTTP_ENDPOINT',
  'AUDIT_HTTP_ENDPOINT',
  'BOTH_GRPC_ENDPOINT',
  'BOTH_HTTP_ENDPOINT',
  'METRICS',
];

/**
 * Prepares `agent.yaml` or `gateway.yaml`, as shipped.
 *
 * @param name the file
 * @param env what else it is told, such as the exporter's address
 * @param others files after it; without them, the file exporter stands in the place of Elasticsearch's
 */
export async function shippedCollector(
  name: string,
  env: Readonly<Record<string, string>>,
  others: readonly string[] = [TO_FILE],
): Promise<ShippedCollector> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-collector-'));
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'a-token-that-nobody-made\n', { mode: 0o600 });
  await mkdir(join(directory, 'queue'));
  const addresses = await freeAddresses(ADDRESSES.length);
  const telemetryFile = join(directory, 'telemetry.jsonl');
  const all: Record<string, string> = {
    ...Object.fromEntries(ADDRESSES.map((variable, i) => [variable, addresses[i] ?? ''])),
    METRICS_PORT: addresses.at(-1)?.split(':').at(-1) ?? '',
    AUDIT_QUEUE_DIRECTORY: join(directory, 'queue'),
    AUDIT_TOKEN_FILE: tokenFile,
    TELEMETRY_FILE: telemetryFile,
    ...env,
  };
  const running = new Set<Collector>();
  return {
    env: all,
    directory,
    telemetryFile,
    url: (variable) => `http://${all[variable] ?? ''}`,
    start: async () => {
      const collector = await startCollector([shippedConfig(name), ...others], all);
      running.add(collector);
      return collector;
    },
    [Symbol.asyncDispose]: async () => {
      for (const collector of running) await collector.kill();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
