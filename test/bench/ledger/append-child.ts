// Our side: callers that append one entry at a time and wait until it is durable. Prints one line of JSON.
// Arguments: data directory, callers, bytes of an entry, milliseconds to warm up, milliseconds measured.
import { generateSigner, memoryEpochKeys, openLedger } from '@spanledger/ledger';
import { makeBatch } from '../../support/ledger/batches.ts';
import { sideOf } from './side.ts';

/** How many different records there are; they come round again. */
const RECORDS = 4096;
/** What the ledger adds to a record: its origin, its index and the hash before it. */
const MEMBER_BYTES = 133;

const [directory = '', ...numbers] = process.argv.slice(2);
const [callers = 1, entryBytes = 700, warmUpMs = 0, measuredMs = 0] = numbers.map(Number);

const batches = Array.from({ length: RECORDS }, (_, i) =>
  makeBatch({ count: 1, label: `record-${i}`, entryBytes: entryBytes - MEMBER_BYTES }),
);
const signer = generateSigner('example.com/log');
const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys() });
const begin = performance.now() + warmUpMs;
const end = begin + measuredMs;
const latenciesMs: number[] = [];
let next = 0;
await Promise.all(
  Array.from({ length: callers }, async () => {
    for (let batch = batches[0]; batch !== undefined; batch = batches[++next % RECORDS]) {
      const started = performance.now();
      await ledger.append(batch);
      const ended = performance.now();
      if (ended > end) return;
      if (ended > begin) latenciesMs.push(ended - started);
    }
  }),
);
process.stdout.write(`${JSON.stringify(sideOf(latenciesMs, measuredMs))}\n`);
await ledger.close();
