import type { Ledger } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';
import type { Logger } from 'pino';
import { loadRules } from './alerts/index.ts';
import { Anchors } from './anchor/index.ts';
import { createArchive } from './archive.ts';
import { Closers } from './closers.ts';
import type { Config } from './config/index.ts';
import { Doors } from './doors/index.ts';
import { checkAccess, streamNames } from './elasticsearch/index.ts';
import { searchElasticsearch } from './elasticsearch-search.ts';
import { warnOfExposure } from './exposure.ts';
import { startFollowing } from './following.ts';
import { foreignGroups } from './foreign-groups.ts';
import { HeldDocuments } from './held-documents.ts';
import { createServer, listen } from './http-server.ts';
import { IndexVerifications } from './index-verification.ts';
import { recordKekRotations } from './kek-rotation-records.ts';
import { KeyChanges } from './keys/index.ts';
import { LedgerVerifications } from './ledger-verification.ts';
import { openLedgerAndVault } from './ledger-and-vault.ts';
import { createLog } from './log.ts';
import { drawLaterKey } from './log-identity.ts';
import { findLoggedRecords } from './logged-records.ts';
import { openNormalTelemetry } from './normal-telemetry.ts';
import { openDesk } from './privacy-desk.ts';
import { startComparison } from './provider-comparison.ts';
import { openSignals } from './provider-signals.ts';
import { startRecording } from './recording.ts';
import { RequestLoad } from './request-load.ts';
import { Replays } from './replays.ts';
import { heldFromNowOn, RetentionRuns } from './retention-runs.ts';
import { ServiceReport } from './service-report.ts';
import { ledgerTroubles } from './trouble.ts';

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
  const { paths, origin, signers, ledger, source, reader, references, keys } = opened;
  const load = new RequestLoad();
  const { threads, vaultFollower, openings, readers } = await startFollowing(
    config,
    opened,
    load,
    closers,
    log,
  );
  const { search, sessions, completeness, alerts } = readers;

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

  const { intake, producers, minimisation, policy, derived } = await startRecording(
    config,
    opened,
    load,
    closers,
    log,
  );
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

  const archive = createArchive({
    source,
    vkey: () => ledger.vkey,
    openings,
    search: elasticsearch?.index ?? search,
    sessions,
    completeness,
    ...(alerts !== undefined && { alerts }),
    append: (draft) => intake.record([draft]),
    status: () => Promise.resolve(report.status()),
    onForeign: foreignGroups(log),
  });
  const reconciler =
    config.keycloak &&
    (await startComparison({
      keycloak: config.keycloak,
      paths,
      archive,
      ledger,
      indexed: () => search.position(),
      append: (drafts) => intake.record(drafts),
      log,
    }));
  closers.add(() => reconciler?.stop());
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
  const heldDocuments = new HeldDocuments({
    config: config.elasticsearch,
    holds: () => desk.holds(),
    log,
  });
  closers.add(() => heldDocuments.stop());
  const ledgerVerifications = new LedgerVerifications({
    directory: paths.ledger,
    origin,
    vkey: () => ledger.vkey,
    everyMs: config.verifyEveryMs,
    append: (draft) => intake.record([draft]),
    log,
  });
  closers.add(() => ledgerVerifications.stop());
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
  const report = new ServiceReport({
    config,
    ledger,
    threads,
    readers,
    producers,
    verifications,
    ledgerVerifications,
    anchors,
    doors,
    minimisation,
    derived,
    retention,
    heldDocuments,
    policy,
    elasticsearch,
    telemetry,
    reconciler,
    signals,
  });
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
    warnings: () => report.warnings(),
    metrics: () => report.metrics(),
  });
  closers.add(() => app.close());
  vaultFollower.start();
  doors.start();
  desk.start();
  retention.start();
  heldDocuments.start();
  ledgerVerifications.start();
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
    status: () => report.status(),
    close: () => (closing ??= stop(closers, log)),
  };
}

async function stop(closers: Closers, log: Logger): Promise<void> {
  log.info('stopping');
  const failures = await closers.close();
  for (const failure of failures) log.error({ err: failure }, 'a part of the service did not stop cleanly');
  log.info('stopped');
  if (failures.length > 0) throw failures[0];
}
