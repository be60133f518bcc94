import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { fileTiles, verifyLedger } from '@spanledger/ledger/directory';
import type { LedgerFinding, LedgerVerificationData } from './ledger-verification.ts';

// The thread of a verification: it reads the log's files as anybody would, and what it costs is not taken from the requests.

/** Behind the followers, whose answers somebody waits for. */
const VERIFICATION_NICE = 10;

const port = parentPort;
if (port === null) throw new TypeError('a verification runs in a thread of the service');
// Only Linux has a priority per thread.
if (process.platform === 'linux') setPriority(0, VERIFICATION_NICE);

const { directory, vkey }: LedgerVerificationData = workerData;
const { size, failures, failuresTotal } = await verifyLedger({ source: fileTiles(directory), vkey });
const codes = [...new Set(failures.map(({ code }) => code))];
const finding: LedgerFinding = {
  size,
  failures: failuresTotal,
  codes,
  ...(failures[0] !== undefined && { first: failures[0].detail }),
};
port.postMessage(finding);
