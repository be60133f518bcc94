export { type Assurance, type AssuranceLevel, type WitnessStatement } from './assurance.ts';
export {
  formatCheckpoint,
  parseCheckpoint,
  parseSignedCheckpoint,
  type Checkpoint,
  type SignedCheckpoint,
} from './checkpoint.ts';
export { CompactRange, foldPeaks } from './compact-range.ts';
export { sha256, verifyEd25519 } from '#crypto';
export { checkCheckpoint, type CheckedCheckpoint } from './checkpoint-verifier.ts';
export {
  cosignedMessage,
  decodeTimedSignature,
  encodeTimedSignature,
  verifyCosignatures,
  type CosignatureVerification,
  type TimedSignature,
  type VerifiedCosignature,
} from './cosignature.ts';
export { verifyDocument, type VerifyDocumentOptions } from './document-verifier.ts';
export {
  FAILURE_CODES,
  FAILURE_MEANINGS,
  MAX_REPORTED_FAILURES,
  type FindingPlace,
  type VerificationFailure,
  type VerificationFailureCode,
} from './failures.ts';
export { httpTiles, type HttpTilesOptions } from './http-tiles.ts';
export type { HistoryDemand } from './checkpoint-history.ts';
export {
  isValidAt,
  KEYS_PATH,
  readKeyHistory,
  type KeyHistory,
  type KeyProblem,
  type KeyState,
  type LogKey,
  type LogKeys,
} from './key-history.ts';
export { type KeyEnd, type KeyStatement } from './key-statement.ts';
export { MAX_KNOWN_WITNESSES, type WitnessPolicy } from './known-witnesses.ts';
export { MAX_KNOWN_CHECKPOINTS, type Anchor } from './known-checkpoints.ts';
export { verifyLedger, type VerifyLedgerOptions } from './ledger-verifier.ts';
export {
  computeKeyId,
  formatNote,
  formatSignatures,
  formatVerificationKey,
  isKeyName,
  MAX_NOTE_LENGTH,
  MAX_NOTE_SIGNATURES,
  NOTE_KEY_TYPES,
  parseNote,
  parseSignatures,
  parseVerificationKey,
  verifyNote,
  type NoteKeyType,
  type NoteSignature,
  type NoteVerification,
  type NoteVerificationKey,
  type SignedNote,
} from './note.ts';
export { MINIMUM_INDEX_PATH, parseMinimumIndex } from './minimum-index.ts';
export { type Parsed } from './parsed.ts';
export { explainGaps, type ExplainedGap } from './explained-gaps.ts';
export { type ProducerReport } from './producer-sequences.ts';
export {
  computeConsistencyProof,
  computeInclusionProof,
  computeRoot,
  TileUnavailableError,
  type HashReader,
} from './proof.ts';
export {
  MAX_REPORTED_PRODUCERS,
  type DocumentReport,
  type EntryKind,
  type ReportedCheckpoint,
  type ReportedKey,
  type VerificationReport,
} from './report.ts';
export { formatDocumentReport, formatReport } from './report-text.ts';
export { tileHashReader } from './tile-hashes.ts';
export { type BundleSequences } from './bundle-sequences.ts';
export { type SoundBundle } from './sound-bundle.ts';
export { type BundledLog, type SoundBundleSource } from './sound-bundle-source.ts';
export {
  encodeEntryBundle,
  entryBundlePath,
  HASH_BYTES,
  hashCountAtLevel,
  MAX_BUNDLE_BYTES,
  parseEntryBundle,
  parseEntryBundlePath,
  parseTilePath,
  scanEntryBundle,
  TILE_WIDTH,
  tilePath,
  tileWidthAt,
  type ScannedBundle,
  type TileCoordinates,
  type TileSource,
} from './tile.ts';
export { hashTile, TileBuilder, type Tile } from './tile-builder.ts';
export { formatTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts';
export {
  EMPTY_ROOT,
  hashLeaf,
  hashNode,
  rootFromInclusionProof,
  verifyConsistency,
  verifyInclusion,
  type ConsistencyProof,
  type InclusionProof,
} from './tree.ts';
export { StateRefusedError } from './verification-state.ts';
export { MAX_REPORTED_WARNINGS, type VerificationWarning, type VerificationWarningCode } from './warnings.ts';
