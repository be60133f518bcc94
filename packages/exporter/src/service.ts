import type { Ledger } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';
import type { Logger } from 'pino';
import { deliveryMetrics, deliveryWarnings, describeDelivery } from './alert-delivery.ts';
import { Anchors } from './anchor/index.ts';
import { createArchive } from './archive.ts';
import { startPolicy } from './audit-policy.ts';
import { Closers } from './closers.ts';
import { openCompleteness } from './completeness/index.ts';
import type { Config } from './config/index.ts';
import { loadRules, openAlertList } from './alerts/index.ts';
import { DerivedRecords } from './derived-records.ts';
import { Doors } from './doors/index.ts';
import { checkAccess, streamNames } from './elasticsearch/index.ts';
import {
  describeElasticsearch,
  elasticsearchMetrics,
  elasticsearchWarnings,
} from './elasticsearch-report.ts';
import { searchElasticsearch } from './elasticsearch-search.ts';
import { type ElasticsearchStatus, FollowerThreads } from './followers/index.ts';
import { createServer, listen } from './http-server.ts';
import { createLog } from './log.ts';
import { recordKekRotations } from './kek-rotation-records.ts';
import { Replays } from './replays.ts';
import { KeyChanges } from './keys/index.ts';
import { openLedgerAndVault } from './ledger-and-vault.ts';
import { findLoggedRecords } from './logged-records.ts';
import { drawLaterKey } from './log-identity.ts';
import { journalAndVaultOpenings, VaultFollower } from './privacy/index.ts';
import { Intake, keepProducers, Producers, restoreProducers } from './receive/index.ts';
import { openSearchIndex } from './search/index.ts';
import { startComparison } from './provider-comparison.ts';
import { openSignals } from './provider-signals.ts';
import type { Reconciler } from './reconcile/index.ts';
import { IndexVerifications } from './index-verification.ts';
import { openNormalTelemetry } from './normal-telemetry.ts';
import { openDesk } from './privacy-desk.ts';
import { heldFromNowOn, RetentionRuns } from './retention-runs.ts';
import { openSessions } from './sessions/index.ts';
import { warnOfExposure } from './exposure.ts';
import { describeMetrics } from './metrics.ts';
import { startMinimisation } from './data-minimisation.ts';
import { ledgerTroubles, ledgerWarnings } from './trouble.ts';
import { awaitPublished, describeWitnessing } from './witnesses.ts';

/** A running service. */
export interface Service {
  /** Where it listens, e.g. `http://127.0.0.1:4319`. */
  readonly url: string;
  /** The log's origin. */
  readonly origin: string;
  /** The log's newest verification key. */
  readonly vkey: string;
  /** How far the log is. */
  sizes(): ReturnType<Ledger['sizes']>;
  /** Takes up new certificates and tokens at once; it does so by itself within a second. */
  reload(): void;
  /** How far the log and its followers are. */
  status(): JsonObject;
  /**
   * Stops: requests under way are answered, everything durable is published, indexed and re-sealed, so that the data
   * directory is complete for whoever reads it offline. A second call waits for the same stop.
   */
  close(): Promise<void>;
}

/** What a test may bring along. */
export interface ServiceOptions {
  log?: Logger;
}

/**
 * Starts the audit exporter: opens the data directory, takes up where the last stop or crash left off, and listens.
 *
 * @throws ExporterError `data_directory_locked`, `data_directory_unusable`, `key_missing`, `key_mismatch`,
 *   `vault_ahead`, `vault_damaged`, `vault_mismatch`, `vault_missing`,
 *   `config_invalid`, `listen_failed`, `tokens_damaged`; LedgerError for a damaged or locked ledger
 */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const log = options.log ?? createLog({ level: config.logLevel, format: config.logFormat });
  const closers = new Closers();
  try {
    return await start(config, log, closers);
  } catch (error) {
    for (const failure of await closers.close()) log.error({ err: failure }, 'closing after a failed start');
    throw error;
  }
}

async function start(config: Config, log: Logger, closers: Closers): Promise<Service> {
  if (config.elasticsearch !== undefined) await checkAccess(config.elasticsearch);
  // Before anything is opened: whoever wrote the rules is told at once what is wrong with them.
  loadRules({ file: config.alerts.rulesFile, disabled: config.alerts.disabled });
  const opened = await openLedgerAndVault(config, log, closers);
  const { paths, origin, signers, ledger, source, reader, vault, references, keys } = opened;
  const threads = await FollowerThreads.start({
    data: {
      dataDirectory: paths.root,
      environmentKek: keys.brought,
      sessions: config.sessions,
      elasticsearch: config.elasticsearch,
      alerts: config.alerts,
      deliver: config.deliver,
      completeness: config.completeness,
      retention: config.retention,
    },
    ledger,
    log,
  });
  closers.add(() => threads.stop());
  const vaultFollower = new VaultFollower({
    journal: ledger.journal,
    seal: (segment, end) => threads.seal(segment, end),
    references,
    publishedSize: () => ledger.sizes().published,
    onError: (error) => {
      log.error({ err: error }, 'moving openings into the vault failed and is tried again');
    },
  });
  // Runs before the threads end and the ledger closes: by then all of it is published.
  closers.add(() => vaultFollower.finish());

  // The journal first: what it no longer has when it is asked, the vault has by then.
  const openings = journalAndVaultOpenings(ledger.journal, vault);
  const search = openSearchIndex({ file: paths.indexFile, key: keys.index, openings, readOnly: true });
  closers.add(() => {
    search.close();
  });
  const sessions = openSessions({ file: paths.sessionsFile, key: keys.index, openings, readOnly: true });
  closers.add(() => {
    sessions.close();
  });
  const completeness = openCompleteness({ file: paths.completenessFile, key: keys.index });
  closers.add(() => {
    completeness.close();
  });
  const alerts = config.alerts.isEnabled
    ? openAlertList({ file: paths.alertsFile, key: keys.index })
    : undefined;
  closers.add(() => alerts?.close());
  closers.add(() => threads.drain());
  closers.add(() => awaitPublished(ledger, config.witnessing));

  const elasticsearch =
    config.indexDriver === 'elasticsearch' && config.elasticsearch !== undefined
      ? await searchElasticsearch({
          config: config.elasticsearch,
          origin,
          embedded: search,
          status: () => threads.indexStatus(),
          stateFile: paths.elasticsearchFile,
          closers,
          log,
        })
      : undefined;

  const producers = new Producers();
  await restoreProducers(paths.producersFile, producers, { reader, size: ledger.sizes().durable });
  const minimisation = startMinimisation(config.minimisation, keys.reference, log);
  const intake = new Intake({ ledger, references, producers, minimise: minimisation.minimise });
  closers.add(keepProducers(paths.producersFile, intake, opened.onError));
  const policy = await startPolicy({
    policy: config.policy,
    paths,
    ledger,
    reader,
    producers,
    append: (drafts) => intake.record(drafts),
    closers,
    log,
  });
  if (policy !== undefined) intake.applyPolicy(policy);
  const derived = new DerivedRecords({
    append: (drafts) => intake.recordDerived(drafts),
    hasten: () => {
      ledger.hasten();
    },
    durableSize: () => ledger.sizes().durable,
    log,
  });
  // Before the rest of the log is published and followed: what is derived later is recorded after the next start.
  closers.add(() => derived.stop());
  threads.derive(derived);
  const verifications = new IndexVerifications({
    stream: streamNames(config.elasticsearch?.namespace ?? '').audit,
    append: (draft) => intake.record([draft]),
    log,
  });
  threads.onIndexVerified = (result) => {
    verifications.take(result);
  };
  const keyChanges = new KeyChanges({
    paths,
    ledger,
    reader,
    signers,
    drawKey: () => drawLaterKey(paths, origin),
    append: (draft) => intake.record([draft]),
    log,
  });
  await keyChanges.start();
  closers.add(() => keyChanges.stop());
  await recordKekRotations({ paths, ledger, reader, append: (draft) => intake.record([draft]), log });

  const anchors = new Anchors({ anchors: config.anchors, ledger, paths, log });
  await anchors.start();
  closers.add(() => anchors.stop());

  let reconciler: Reconciler | undefined;
  const lags = (): Record<string, number> =>
    Object.fromEntries(
      [search, sessions, completeness, ...(alerts === undefined ? [] : [alerts])].map((follower) => [
        follower.name,
        Math.max(0, ledger.sizes().published - follower.position()),
      ]),
    );
  /** Asks how the index in Elasticsearch is, where there is one. */
  const ofElasticsearch = <Answer>(
    ask: (index: ElasticsearchStatus, published: number) => Answer[],
  ): Answer[] => {
    const index = threads.indexStatus();
    return index === undefined ? [] : ask(index, ledger.sizes().published);
  };
  const status = (): JsonObject => ({
    origin: ledger.origin,
    sizes: { ...ledger.sizes() },
    followers: lags(),
    ...Object.fromEntries(
      ofElasticsearch((index, published) => [
        ['elasticsearch', describeElasticsearch(index, published, verifications.describe())],
      ]),
    ),
    ...(config.deliver.length > 0 && { alert_delivery: describeDelivery(threads.targetStatuses()) }),
    ...(elasticsearch !== undefined && { index: elasticsearch.describe() }),
    ...(telemetry !== undefined && { telemetry: telemetry.describe() }),
    ...(config.anchors.length > 0 && { anchors: anchors.describe() }),
    journal: { segments: ledger.journal.segments().length },
    ...describeWitnessing(ledger.witnessing()),
    ...(reconciler !== undefined && { reconciliation: reconciler.describe() }),
    ...(signals !== undefined && { providers: signals.describe() }),
    ...(policy !== undefined && { policy: policy.describe() }),
    ...(config.retention !== undefined && { retention: retention.describe() ?? {} }),
    producers: producers.streams,
  });
  const archive = createArchive({
    source,
    vkey: () => ledger.vkey,
    openings,
    search: elasticsearch?.index ?? search,
    sessions,
    completeness,
    ...(alerts !== undefined && { alerts }),
    append: (draft) => intake.record([draft]),
    status: () => Promise.resolve(status()),
    onForeign: foreignGroups(log),
  });
  if (config.keycloak !== undefined) {
    reconciler = await startComparison({
      keycloak: config.keycloak,
      paths,
      archive,
      ledger,
      indexed: () => search.position(),
      append: (drafts) => intake.record(drafts),
      log,
    });
    closers.add(() => reconciler?.stop());
  }
  const doors = new Doors({
    tls: config.tls,
    access: config.access,
    tokens: paths.tokens,
    chronicle: {
      file: paths.tokenChronicleFile,
      find: (ids, from) => findLoggedRecords({ ledger, reader }, ids, from),
      size: () => ledger.sizes().durable,
    },
    record: (drafts) => intake.record(drafts),
    log,
  });
  closers.add(() => doors.stop());
  const signals = await openSignals({
    config,
    paths,
    ledger,
    reader,
    archive,
    append: (drafts) => intake.record(drafts),
    closers,
    log,
  });
  const desk = openDesk({
    file: paths.privacyFile,
    indexKey: keys.index,
    fourEyes: config.fourEyes,
    ledger,
    archive,
    intake,
    references,
    vaultFollower,
    threads,
    indexed: () => search.position(),
    log,
    closers,
  });
  const retention = new RetentionRuns({
    config: config.retention,
    threads,
    ledger,
    append: (draft) => intake.record([draft]),
    holds: () => desk.holds(),
    log,
  });
  closers.add(() => retention.stop());
  const replays = new Replays({
    directory: paths.root,
    kek: keys.brought,
    rules: { file: config.alerts.rulesFile, disabled: config.alerts.disabled },
  });
  closers.add(() => {
    replays.close();
  });
  const telemetry = await openNormalTelemetry(config);
  closers.add(() => telemetry?.close());
  const app = await createServer({
    log,
    doors,
    intake: telemetry?.beside(intake) ?? intake,
    archive,
    replays,
    signals,
    desk: heldFromNowOn(desk, retention),
    retention,
    troubles: () => ledgerTroubles(ledger),
    warnings: () => [
      ...ledgerWarnings(ledger),
      ...anchors.warnings(),
      ...(reconciler?.warnings() ?? []),
      ...doors.warnings(),
      ...retention.warnings(),
      ...minimisation.warnings(),
      ...(policy?.warnings() ?? []),
      ...(signals?.warnings() ?? []),
      ...ofElasticsearch(elasticsearchWarnings),
      ...(elasticsearch?.warnings() ?? []),
      ...derived.warnings(),
      ...deliveryWarnings(threads.targetStatuses()),
    ],
    metrics: () =>
      describeMetrics(ledger, anchors.statuses(), reconciler?.status(), doors, {
        lags: lags(),
        more: [
          ...ofElasticsearch(elasticsearchMetrics),
          ...verifications.metrics(),
          ...minimisation.metrics(),
          ...retention.metrics(),
          ...(telemetry?.metrics() ?? []),
          ...derived.metrics(),
          ...(policy?.metrics() ?? []),
          ...deliveryMetrics(threads.targetStatuses()),
          ...(signals?.metrics() ?? []),
        ],
      }),
  });
  closers.add(() => app.close());
  vaultFollower.start();
  doors.start();
  desk.start();
  retention.start();
  const url = await listen(app, config.host, config.port);
  log.info({ url, origin: ledger.origin, entries: ledger.sizes().durable, data: paths.root }, 'listening');
  warnOfExposure(config, paths, doors, log);

  let closing: Promise<void> | undefined;
  return {
    url,
    origin: ledger.origin,
    get vkey() {
      return ledger.vkey;
    },
    sizes: () => ledger.sizes(),
    reload: () => {
      doors.reload();
      policy?.refresh(true);
    },
    status,
    close: () => (closing ??= stop(closers, log)),
  };
}

/** Says once that opened groups are not what their records commit to: it is one fault, however many they are. */
function foreignGroups(log: Logger): (index: number, groups: readonly string[]) => void {
  let isTold = false;
  return (index, groups) => {
    if (isTold) return;
    isTold = true;
    log.error(
      { index, groups },
      'opened groups are not those that the record commits to and are left out: vault and ledger do not belong together, or the vault was changed; told once',
    );
  };
}

async function stop(closers: Closers, log: Logger): Promise<void> {
  log.info('stopping');
  const failures = await closers.close();
  for (const failure of failures) log.error({ err: failure }, 'a part of the service did not stop cleanly');
  log.info('stopped');
  if (failures.length > 0) throw failures[0];
}
