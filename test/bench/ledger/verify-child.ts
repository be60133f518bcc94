// Verifies the log in a directory as a process of its own, and prints what it took.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, parallelBundles, verifyLedger } from '@spanledger/ledger/directory';

const [directory = '', vkeyPath = ''] = process.argv.slice(2);
const ledger = join(directory, 'ledger');
const { ok, verified } = await verifyLedger({
  source: fileTiles(ledger),
  openBundles: parallelBundles(ledger),
  vkey: (await readFile(vkeyPath, 'utf8')).trim(),
});
// Of the whole process, its threads included; in KiB.
const { maxRSS } = process.resourceUsage();
process.stdout.write(JSON.stringify({ ok, verified, peakRssBytes: maxRSS * 1024 }));
