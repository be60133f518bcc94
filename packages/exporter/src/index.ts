export { replayAlerts } from './alert-replay.ts';
export { replayRemoteAlerts } from './remote-replay.ts';
export type { ReplayedAlert } from './replay-types.ts';
export { MAX_ALERTS_LIMIT, MAX_NOTE_LENGTH } from './alert-types.ts';
export type { AlertChange, AlertDetail, AlertsPage, AlertsRequest, AlertSummary } from './alert-types.ts';
export {
  DEFAULT_PAGE_LIMIT,
  HISTOGRAM_INTERVALS,
  MAX_SEARCH_LIMIT,
  MAX_SESSIONS_LIMIT,
} from './archive-types.ts';
export type {
  Archive,
  CountRequest,
  HistogramBucket,
  HistogramInterval,
  HistogramRequest,
  RecordCount,
  RecordHistogram,
  SearchOrder,
  SearchPage,
  SearchRequest,
  SessionCompletenessAnswer,
  SessionDetail,
  SessionsPage,
  SessionsRequest,
  SessionSummary,
  TimelineRequest,
} from './archive-types.ts';
export type {
  Attempt,
  AttemptsPage,
  AttemptsRequest,
  SessionStepDetail,
  ShownBy,
  TokenDetail,
  TokenLink,
  TokensPage,
  TokensRequest,
  TokenSummary,
} from './archive-token-types.ts';
export {
  CONFIG_FILE_NAME,
  DEFAULT_PORT,
  ENVIRONMENT_OVERRIDES,
  isLoopback,
  loadConfig,
  NAMESPACE,
} from './config/index.ts';
export type {
  Config,
  ConfigSources,
  ElasticsearchConfig,
  EnvironmentOverride,
  LogFormat,
  LogLevel,
} from './config/index.ts';
export { dataDirectory } from './data-directory.ts';
export type { DataDirectory } from './data-directory.ts';
export {
  ANY_SERVICE,
  createToken,
  MAX_NAME_LENGTH,
  MAX_SERVICES,
  readTokens,
  revokeToken,
  ROLES,
  rotateToken,
} from './doors/index.ts';
export type { MadeToken, Role, StoredToken, TokenWish } from './doors/index.ts';
export { ElasticsearchSetup, readApiKey } from './elasticsearch/index.ts';
export type { CreatedKey, ElasticsearchAccess, SetupChange } from './elasticsearch/index.ts';
export { ExporterError } from './errors.ts';
export type { ExporterErrorCode } from './errors.ts';
export { INDEX_FAILURE_MEANINGS } from './index-report.ts';
export type { IndexFailure, IndexFailureCode, IndexReport } from './index-report.ts';
export { reindexElasticsearch } from './elasticsearch-reindexer.ts';
export type { ReindexOptions } from './elasticsearch-reindexer.ts';
export { verifyElasticsearch } from './elasticsearch-verifier.ts';
export type { VerifyElasticsearchOptions } from './elasticsearch-verifier.ts';
export { MAX_DEAD_LETTERS, IndexState } from './search/elasticsearch/index.ts';
export type { DeadLetter, ReindexReport } from './search/elasticsearch/index.ts';
export { verifyIndex } from './index-verifier.ts';
export type { VerifyIndexOptions } from './index-verifier.ts';
export { readKeyRefusal, readKeyRequest, writeKeyRequest } from './keys/index.ts';
export type { KeyRefusal, KeyRequest, RequestedEnd } from './keys/index.ts';
export { createLog } from './log.ts';
export type { LogOptions } from './log.ts';
export { DeliveryState, tryTarget } from './notify/index.ts';
export type { AlertDeadLetter, TargetConfig, TargetTrial } from './notify/index.ts';
export { describeProblem, parsePolicy, PolicyTrial, ScopeReport } from './policy/index.ts';
export type { AuditPolicy, ParsedPolicy, PolicyProblem, ScopeUse, TrialReport } from './policy/index.ts';
export { QueryError } from './query-error.ts';
export type { QueryErrorCode } from './query-error.ts';
export { connectArchive } from './remote-archive.ts';
export type { RemoteArchiveOptions } from './remote-archive.ts';
export { connectPrivacyDesk } from './remote-privacy.ts';
export { connectRetentionDesk } from './remote-retention.ts';
export type {
  RetentionDesk,
  RetentionForecast,
  RetentionRun,
  RetentionStatus,
} from './retention-desk-types.ts';
export type { ErasureCertificate, HoldRequest, PrivacyDesk, SubjectName } from './privacy-desk-types.ts';
export type { Erasure, Hold } from './subjects/index.ts';
export { findSubject } from './subject-finder.ts';
export { KeycloakAdmin, reconcile } from './reconcile/index.ts';
export type {
  KeycloakConfig,
  LedgerFact,
  ProviderEvent,
  ReconciliationReport,
  RecordSource,
} from './reconcile/index.ts';
export { NEW_KEK_COMMAND_VARIABLE, NEW_KEK_VARIABLE, placeOf, rotateKeyEncryptionKey } from './rotate-kek.ts';
export type { KekRotationOptions, KekRotationResult, NextKek } from './rotate-kek.ts';
export { parseKekCommand } from './environment-kek.ts';
export { tuneHeap } from './heap-tuning.ts';
export { startService } from './service.ts';
export type { Service, ServiceOptions } from './service.ts';
export { tlsFetch } from './tls-fetch.ts';
export type { ClientTls } from './tls-fetch.ts';
export { openArchive } from './stored-archive.ts';
export type { StoredArchiveOptions } from './stored-archive.ts';
export { readSpanDocuments } from './span-documents.ts';
