import { loadConfig, startService } from '@spanledger/audit-exporter';

// The service as an operator runs it, with the configuration file in its data directory.
const [, , dataDirectory] = process.argv;
if (dataDirectory === undefined) throw new TypeError('no data directory');
const service = await startService(
  loadConfig({
    directory: dataDirectory,
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
process.stdout.write(`listening ${new URL(service.url).port}\n`);
