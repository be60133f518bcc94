import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type RunningChild } from './child-process.ts';
import { inheritEnvironment } from './environment.ts';

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
      args: [findCommand(), 'serve', '--data', dataDirectory, '--port', String(port)],
      // Not where a spanledger.yaml of somebody's own may lie.
      cwd: dataDirectory,
      env: inheritEnvironment(process.env),
      ready: /^Spanledger is listening at (\S+)$/,
    },
    signal,
  );
}

/** @returns the path of the command's script */
function findCommand(): string {
  return join(dirname(fileURLToPath(import.meta.resolve('spanledger/package.json'))), 'dist', 'main.js');
}
