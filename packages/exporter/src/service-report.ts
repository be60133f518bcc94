import type { Ledger } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';
import { deliveryMetrics, deliveryWarnings, describeDelivery } from './alert-delivery.ts';
import type { Anchors } from './anchor/index.ts';
import type { Config } from './config/index.ts';
import type { DataMinimisation } from './data-minimisation.ts';
import type { DerivedRecords } from './derived-records.ts';
import type { Doors } from './doors/index.ts';
import {
  describeElasticsearch,
  elasticsearchMetrics,
  elasticsearchWarnings,
} from './elasticsearch-report.ts';
import type { ElasticsearchSearch } from './elasticsearch-search.ts';
import type { FollowerReaders } from './follower-readers.ts';
import type { ElasticsearchStatus, FollowerThreads } from './followers/index.ts';
import type { HeldDocuments } from './held-documents.ts';
import type { IndexVerifications } from './index-verification.ts';
import type { LedgerVerifications } from './ledger-verification.ts';
import { describeMetrics } from './metrics.ts';
import type { NormalTelemetry } from './normal-telemetry.ts';
import type { PolicyInForce } from './policy/index.ts';
import type { Producers } from './receive/index.ts';
import type { Reconciler } from './reconcile/index.ts';
import type { RetentionRuns } from './retention-runs.ts';
import type { Signals } from './signals/index.ts';
import { ledgerWarnings, type Trouble } from './trouble.ts';
import { describeWitnessing } from './witnesses.ts';

/** The parts of a service that have something to say of how they are; undefined: not configured. */
export interface ReportedParts {
  config: Pick<Config, 'anchors' | 'deliver' | 'retention'>;
  ledger: Pick<Ledger, 'journal' | 'origin' | 'sizes' | 'trouble' | 'witnessing'>;
  threads: Pick<FollowerThreads, 'indexStatus' | 'targetStatuses'>;
  readers: Pick<FollowerReaders, 'lags'>;
  producers: Pick<Producers, 'streams'>;
  verifications: IndexVerifications;
  ledgerVerifications: LedgerVerifications;
  anchors: Anchors;
  doors: Doors;
  minimisation: DataMinimisation;
  derived: DerivedRecords;
  retention: RetentionRuns;
  heldDocuments: HeldDocuments;
  policy: PolicyInForce | undefined;
  elasticsearch: ElasticsearchSearch | undefined;
  telemetry: NormalTelemetry | undefined;
  reconciler: Reconciler | undefined;
  signals: Signals | undefined;
}

/** How a service and its parts are: for `/api/status`, for an operator, for a monitor. */
export class ServiceReport {
  readonly #parts: ReportedParts;

  constructor(parts: ReportedParts) {
    this.#parts = parts;
  }

  /** What `/api/status` answers. */
  status(): JsonObject {
    const { config, ledger, threads, readers, producers, verifications, anchors } = this.#parts;
    const { policy, elasticsearch, telemetry, reconciler, signals, retention } = this.#parts;
    const verification = this.#parts.ledgerVerifications.describe();
    return {
      origin: ledger.origin,
      sizes: { ...ledger.sizes() },
      followers: readers.lags(ledger.sizes().published),
      ...Object.fromEntries(
        this.#ofElasticsearch((index, published) => [
          ['elasticsearch', describeElasticsearch(index, published, verifications.describe())],
        ]),
      ),
      ...(config.deliver.length > 0 && { alert_delivery: describeDelivery(threads.targetStatuses()) }),
      ...(elasticsearch !== undefined && { index: elasticsearch.describe() }),
      ...(telemetry !== undefined && { telemetry: telemetry.describe() }),
      ...(config.anchors.length > 0 && { anchors: anchors.describe() }),
      ...(verification !== undefined && { verification }),
      journal: { segments: ledger.journal.segments().length },
      ...describeWitnessing(ledger.witnessing()),
      ...(reconciler !== undefined && { reconciliation: reconciler.describe() }),
      ...(signals !== undefined && { providers: signals.describe() }),
      ...(policy !== undefined && { policy: policy.describe() }),
      ...(config.retention !== undefined && { retention: retention.describe() ?? {} }),
      producers: producers.streams,
    };
  }

  /** What an operator should see to; none of it keeps the service from its work. */
  warnings(): Trouble[] {
    const { ledger, threads, anchors, reconciler, doors, retention, minimisation } = this.#parts;
    const { heldDocuments, policy, signals, elasticsearch, derived } = this.#parts;
    return [
      ...ledgerWarnings(ledger),
      ...this.#parts.ledgerVerifications.warnings(),
      ...anchors.warnings(),
      ...(reconciler?.warnings() ?? []),
      ...doors.warnings(),
      ...retention.warnings(),
      ...heldDocuments.warnings(),
      ...minimisation.warnings(),
      ...(policy?.warnings() ?? []),
      ...(signals?.warnings() ?? []),
      ...this.#ofElasticsearch(elasticsearchWarnings),
      ...(elasticsearch?.warnings() ?? []),
      ...derived.warnings(),
      ...deliveryWarnings(threads.targetStatuses()),
    ];
  }

  /** What `/metrics` answers. */
  metrics(): string {
    const { ledger, threads, readers, anchors, reconciler, doors, verifications } = this.#parts;
    const { minimisation, retention, telemetry, derived, policy, signals } = this.#parts;
    return describeMetrics(ledger, anchors.statuses(), reconciler?.status(), doors, {
      lags: readers.lags(ledger.sizes().published),
      more: [
        ...this.#ofElasticsearch(elasticsearchMetrics),
        ...verifications.metrics(),
        ...this.#parts.ledgerVerifications.metrics(),
        ...minimisation.metrics(),
        ...retention.metrics(),
        ...(telemetry?.metrics() ?? []),
        ...derived.metrics(),
        ...(policy?.metrics() ?? []),
        ...deliveryMetrics(threads.targetStatuses()),
        ...(signals?.metrics() ?? []),
      ],
    });
  }

  /** Asks how the index in Elasticsearch is, where there is one. */
  #ofElasticsearch<Answer>(ask: (index: ElasticsearchStatus, published: number) => Answer[]): Answer[] {
    const index = this.#parts.threads.indexStatus();
    return index === undefined ? [] : ask(index, this.#parts.ledger.sizes().published);
  }
}
