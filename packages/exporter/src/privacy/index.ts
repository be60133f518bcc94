export { checkVault } from './check-vault.ts';
export { destroyOrphanedKeys, fileEpochKeys } from './epoch-keys.ts';
export { journalAndVaultOpenings } from './journal-openings.ts';
export { drawKek, loadKek, parseKek } from './kek.ts';
export {
  finishedRotations,
  forgetRotation,
  isKekInForce,
  rotateKek,
  settleKekRotation,
  type KekPlace,
  type KekRotation,
} from './kek-rotation.ts';
export { listDirectory, readKeyFile, writeKeyFile } from './key-files.ts';
export { References } from './references.ts';
export { rememberReferences } from './remember-references.ts';
export { createRowSealer } from './row-sealer.ts';
export { sealSegment } from './seal-segment.ts';
export { Vault } from './vault.ts';
export { VaultFollower } from './vault-follower.ts';
export { VaultSealer } from './vault-sealer.ts';
export { loadIndexKey, loadReferenceKey } from './wrapped-key.ts';
export { openStoredOpenings } from './stored-openings.ts';
export type { StoredOpenings } from './stored-openings.ts';
