import type { JsonObject } from '@spanledger/record';

import type { Config } from './config/index.ts';
import { openElasticsearch, readApiKey } from './elasticsearch/index.ts';
import { gauge, series } from './gauges.ts';
import { decodeGroup, type Intake } from './receive/index.ts';
import { TelemetryWriter } from './telemetry/index.ts';

/** What takes in requests. */
type RecordingIntake = Pick<Intake, 'accept' | 'hasRoom'>;

/** Normal telemetry, where the service writes it itself. */
export interface NormalTelemetry {
  /** An intake that has what it takes in written as normal telemetry too, once it is recorded. */
  beside(intake: RecordingIntake): RecordingIntake;
  /** How it is, for `/api/status`. */
  describe(): JsonObject;
  /** The same for a monitor. */
  metrics(): string[];
  close(): Promise<void>;
}

/**
 * Opens the way of normal telemetry; undefined where it is not asked for.
 *
 * @throws ExporterError `key_missing`, `elasticsearch_untrusted`
 */
export async function openNormalTelemetry({
  elasticsearch,
  indexTelemetry,
}: Pick<Config, 'elasticsearch' | 'indexTelemetry'>): Promise<NormalTelemetry | undefined> {
  if (!indexTelemetry || elasticsearch === undefined) return undefined;
  const { url, caFile, namespace } = elasticsearch;
  const credentials = await readApiKey(elasticsearch.writer);
  const client = await openElasticsearch({ url, caFile, credentials });
  const writer = new TelemetryWriter(client, namespace);
  return {
    beside: (intake) => ({
      hasRoom: (sizeBytes) => intake.hasRoom(sizeBytes),
      async accept(groups) {
        // At once: the next request may be read into the same memory.
        const decoded = groups.map(decodeGroup);
        const recorded = await intake.accept(groups);
        // What was sent again was written before.
        if (recorded > 0) writer.take(decoded);
        return recorded;
      },
    }),
    describe: () => ({ ...writer.status() }),
    metrics() {
      const { written, dropped, waiting } = writer.status();
      return [
        ...series('counter', 'spanledger_telemetry_documents_total', 'Documents of normal telemetry.', [
          [{ outcome: 'written' }, written],
          [{ outcome: 'dropped' }, dropped],
        ]),
        ...gauge('spanledger_telemetry_waiting', 'Documents of normal telemetry that wait.', [[{}, waiting]]),
      ];
    },
    async close() {
      await writer.finish();
      await client.close();
    },
  };
}
