export {
  formatCheckpoint,
  parseCheckpoint,
  parseSignedCheckpoint,
  type Checkpoint,
  type SignedCheckpoint,
} from './checkpoint.ts';
export { CompactRange, foldPeaks } from './compact-range.ts';
export { sha256, verifyEd25519 } from '#crypto';
export { httpTiles, type HttpTilesOptions } from './http-tiles.ts';
export {
  computeKeyId,
  formatNote,
  formatVerificationKey,
  isKeyName,
  MAX_NOTE_LENGTH,
  MAX_NOTE_SIGNATURES,
  parseNote,
  parseVerificationKey,
  verifyNote,
  type NoteSignature,
  type NoteVerification,
  type NoteVerificationKey,
  type SignedNote,
} from './note.ts';
export { type Parsed } from './parsed.ts';
export {
  computeConsistencyProof,
  computeInclusionProof,
  computeRoot,
  tileHashReader,
  TileUnavailableError,
  type HashReader,
} from './proof.ts';
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
