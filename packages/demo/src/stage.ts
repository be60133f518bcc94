import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunningChild } from './child-process.ts';
import { DemoError } from './errors.ts';
import { startExporter } from './exporter-process.ts';
import type { DemoOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { startProvider, type DemoProvider } from './provider/demo-provider.ts';
import { startShop } from './shop-process.ts';
import { startTelemetrySink, type TelemetrySink } from './telemetry/sink.ts';

/** Everything that has to run before people can come. */
export interface Stage {
  /** Absolute path of the data directory. */
  readonly directory: string;
  readonly exporter: RunningChild;
  readonly provider: DemoProvider;
  readonly shop: RunningChild;
  readonly telemetry: TelemetrySink;
  /** Marks this run's records as `service.node.name`. */
  readonly instanceId: string;
}

/** Things to put away at the end, last come first. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all of them, even if one fails; then throws what failed first. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Who takes what comes up while everything starts. */
export interface StageHands {
  /** Told of everything that runs, as soon as it does. */
  readonly closers: Closers;
  /** Told every secret that passes. */
  readonly noteSecret: (secret: string) => unknown;
  /** Gives up starting. */
  readonly signal: AbortSignal;
}

/**
 * Starts exporter, provider and shop.
 *
 * @throws DemoError if the directory cannot be used, one of them does not start, or the signal is aborted
 */
export async function setStage(
  options: DemoOptions,
  progress: Progress,
  { closers, noteSecret, signal }: StageHands,
): Promise<Stage> {
  const directory = await makeDirectory(options.data, closers);
  const instanceId = randomUUID();
  const exporter = await progress.step(
    'starting the audit exporter',
    () => startExporter(directory, options.port, signal),
    ({ url }) => `audit exporter on ${url}, data in ${directory}`,
  );
  closers.add(() => exporter.stop());
  const telemetry = await startTelemetrySink();
  closers.add(() => telemetry.close());
  const provider = await progress.step(
    'starting the OpenID provider',
    () => startProvider(noteSecret),
    ({ issuer }) => `OpenID provider on ${issuer}`,
  );
  closers.add(() => provider.close());
  const shop = await progress.step(
    'starting the shop beside OpenTelemetry',
    () =>
      startShop(
        provider,
        {
          auditEndpoint: `${exporter.url}/v1/traces`,
          spoolDirectory: join(directory, 'spool', 'shop'),
          telemetryUrl: telemetry.url,
          instanceId,
        },
        signal,
      ),
    ({ url }) => `shop on ${url}`,
  );
  closers.add(() => shop.stop());
  return { directory, exporter, provider, shop, telemetry, instanceId };
}

async function makeDirectory(wanted: string | undefined, closers: Closers): Promise<string> {
  if (wanted !== undefined) {
    const directory = resolve(wanted);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await access(directory, constants.W_OK | constants.X_OK);
    } catch (cause) {
      const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
      throw new DemoError('directory_unusable', `${directory} cannot be used as a data directory${why}`, {
        cause,
        hint: '--data takes a directory that this user may write to, or the name of a new one.',
      });
    }
    return directory;
  }
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-demo-'));
  closers.add(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
