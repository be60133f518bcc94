import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type RunningChild } from './child-process.ts';

/**
 * Starts `spanledger serve` on a data directory, as anybody would.
 *
 * @param dataDirectory where journal, ledger, vault and index are kept
 * @param port 0 takes a free one
 * @param signal gives up waiting for it
 */
export function startExporter(
  dataDirectory: string,
  port: number,
  signal: AbortSignal,
): Promise<RunningChild> {
  return startChild(
    {
      name: 'the audit exporter',
      args: [findCommand(), 'serve'],
      cwd: process.cwd(),
      env: {
        ...process.env,
        SPANLEDGER_CONFIG: '',
        SPANLEDGER_DATA_DIRECTORY: dataDirectory,
        SPANLEDGER_HOST: '127.0.0.1',
        SPANLEDGER_PORT: String(port),
      },
      ready: /\blisten(?:s|ing)\b.*?(http:\/\/127\.0\.0\.1:\d+)/i,
    },
    signal,
  );
}

/** @returns the path of the command's script */
export function findCommand(): string {
  return join(dirname(fileURLToPath(import.meta.resolve('spanledger/package.json'))), 'dist', 'main.js');
}
