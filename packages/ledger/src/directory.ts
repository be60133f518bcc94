// What verifies a log in a directory and nothing else: a command that does only that has less to load.
export { parallelBundles } from './parallel/parallel-bundles.ts';
export { fileTiles } from './storage/tiles.ts';
export { verifyLedger, type VerifyLedgerOptions } from './verify/ledger-verifier.ts';
export { type VerificationReport } from './verify/report.ts';
export { StateRefusedError } from './verify/verification-state.ts';
