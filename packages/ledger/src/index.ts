export { MAX_BATCH_BYTES, MAX_PENDING_BYTES, type Appended } from './append/committer.ts';
export { MAX_LEDGER_SIZE } from './append/sequencer.ts';
export { generateCosigner, loadCosigner, type Cosigner, type GeneratedCosigner } from './cosigner.ts';
export { LedgerError, type LedgerErrorCode, type LedgerErrorOptions } from './errors.ts';
export { runFollower, type FollowedBatch, type FollowedLedger, type FollowerOptions } from './follower.ts';
export { memoryEpochKeys, type EpochKeys } from './journal/epoch-keys.ts';
export { openJournalReader, type RefreshableJournalReader } from './journal/journal-files.ts';
export { type Journal, type JournalReader, type SegmentInfo } from './journal/journal.ts';
export { type JournalGroup } from './journal/segment-reader.ts';
export { type KeyChange, type KeyEnding, type KeyRotation, type StatedKey } from './keys/key-rotation.ts';
export {
  DEFAULT_PUBLISH_INTERVAL_MS,
  MAX_PUBLISH_INTERVAL_MS,
  openLedger,
  type Ledger,
  type LedgerOptions,
  type LedgerSizes,
} from './ledger.ts';
export { MAX_VERIFIER_THREADS, parallelBundles } from './parallel/parallel-bundles.ts';
export { LedgerReader, type ReadCheckpoint, type ReadEntry } from './reader.ts';
export {
  generateSigner,
  loadSigner,
  MAX_ORIGIN_BYTES,
  type GeneratedSigner,
  type NoteSigner,
} from './signer.ts';
export { fileStorage } from './storage/file.ts';
export { memoryStorage } from './storage/memory.ts';
export {
  type ByteRange,
  type ReadableStorage,
  type Storage,
  type StoredFile,
  type WritableStorage,
} from './storage/storage.ts';
export { fileTiles, storageTiles } from './storage/tiles.ts';
export {
  ADD_CHECKPOINT_PATH,
  formatAddCheckpoint,
  MAX_ADD_CHECKPOINT_BYTES,
  parseAddCheckpoint,
  SIZE_CONTENT_TYPE,
  type AddCheckpoint,
} from './witness/add-checkpoint.ts';
export { openWitness, type OpenWitness, type OpenWitnessOptions } from './witness/witness-directory.ts';
export {
  MAX_CLOCK_SKEW_S,
  WitnessClient,
  type CheckpointToCosign,
  type WitnessClientOptions,
  type WitnessFailure,
  type WitnessFailureCode,
  type WitnessReply,
} from './witness/witness-client.ts';
export {
  DEFAULT_WITNESS_TIMEOUT_MS,
  MAX_WITNESSES,
  type WitnessingOptions,
  type WitnessingStatus,
  type WitnessStatus,
} from './witness/witness-group.ts';
export { serveWitness, type ServeWitnessOptions, type WitnessServer } from './witness/witness-server.ts';
export { type WatchedLog, type Witness, type WitnessAnswer, type WitnessEvent } from './witness/witness.ts';
