// What verifies a log in a directory and nothing else: a command that does only that has less to load.
export { parallelBundles } from './parallel/parallel-bundles.ts';
export { fileTiles } from './storage/tiles.ts';
export { KEYS_PATH } from './verify/key-history.ts';
export { verifyLedger, type VerifyLedgerOptions } from './verify/ledger-verifier.ts';
export { parseVerificationKey } from './verify/note.ts';
export { formatDocumentReport, formatReport } from './verify/report-text.ts';
export { StateRefusedError } from './verify/verification-state.ts';
