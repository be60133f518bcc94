import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ReadableSpan } from '@opentelemetry/sdk-trace';

import { loadConfig } from '../../../../packages/exporter/src/config/index.ts';
import { startService } from '../../../../packages/exporter/src/service.ts';
import type { Service } from '../../../../packages/exporter/src/service.ts';
import { hasCaughtUp } from '../../../support/exporter/service.ts';
import { toProtobuf } from '../../../support/exporter/spans.ts';
import { poll } from '../../../e2e/support/poll.ts';

/** A service on a data directory of its own. */
export interface TestService {
  readonly service: Service;
  readonly directory: string;
  /** Sends spans and waits until every follower has taken them in. */
  send(spans: ReadableSpan[]): Promise<void>;
  /** Waits until every follower has taken in everything. */
  caughtUp(): Promise<void>;
  /** Stops the service, removes folders of its data directory, and starts it again. */
  restart(options?: { without?: string[] }): Promise<void>;
  get(path: string): Promise<Response>;
  /** Stops the service and removes its directory. */
  remove(): Promise<void>;
}

export async function startTestService(): Promise<TestService> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-api-'));
  const config = {
    ...loadConfig({ env: {}, directory, flags: { dataDirectory: join(directory, 'data'), port: 0 } }),
    publishIntervalMs: 50,
    logLevel: 'silent' as const,
  };
  let service = await startService(config);
  return {
    get service() {
      return service;
    },
    directory: config.dataDirectory,
    async send(spans) {
      const response = await fetch(`${service.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(toProtobuf(spans)),
      });
      if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
      await caughtUp(service);
    },
    caughtUp: () => caughtUp(service),
    async restart({ without = [] } = {}) {
      await service.close();
      for (const folder of without) await rm(join(config.dataDirectory, folder), { recursive: true });
      service = await startService(config);
    },
    get: (path) => fetch(new URL(path, service.url)),
    async remove() {
      await service.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function caughtUp(service: Service): Promise<void> {
  await poll('followers', () => Promise.resolve(hasCaughtUp(service) || undefined));
}
