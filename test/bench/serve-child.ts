import { loadConfig, startService, tuneHeap } from '@spanledger/audit-exporter';
import { startFrugally } from '../../packages/cli/src/frugal-process.ts';

// The service as an operator runs it, in a process of its own, with the defaults of everything that costs time.
startFrugally(process);
const [, , dataDirectory] = process.argv;
if (dataDirectory === undefined) throw new TypeError('no data directory');
tuneHeap();
const service = await startService(
  loadConfig({
    directory: import.meta.dirname,
    env: { SPANLEDGER_LOG_LEVEL: 'warn' },
    flags: { dataDirectory, port: 0 },
  }),
);
process.once('SIGTERM', () => {
  service.close().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
});
process.stdout.write(`listening ${service.url}\n`);
