import { loadConfig, startService, tuneHeap } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, parsePort } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';

interface ServeOptions {
  config?: string;
  data?: string;
  host?: string;
  port?: number;
  insecure?: boolean;
  json?: boolean;
}

/** `spanledger serve`: the audit exporter, until Ctrl-C. */
export function addServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .summary('run the audit exporter')
    .description(
      'Runs the audit exporter: takes spans at POST /v1/traces, keeps the ledger, answers searches. It works with ' +
        'nothing configured: keys are drawn at the first start, and only this machine is let in.',
    )
    .option(
      '--config <file>',
      'configuration file (default: spanledger.yaml in this folder, if there is one)',
    )
    .option('--data <dir>', 'data directory (default: in the user’s own data folder)')
    .option('--host <address>', 'address to listen at (default: 127.0.0.1)')
    .option('--port <port>', 'port to listen at; 0 takes a free one (default: 4319)', parsePort)
    .option('--insecure', 'listen beyond this machine without TLS, or without asking for tokens')
    .option('--json', 'say where it listens as one line of JSON');
  addExamples(command, [
    'spanledger serve',
    'spanledger serve --data ./data --port 4400',
    'spanledger serve --config /etc/spanledger.yaml',
  ]).action((options: ServeOptions) => serve(options, context));
}

async function serve(options: ServeOptions, context: Context): Promise<void> {
  const { config: file, data, host, port, insecure, json } = options;
  const stop = context.untilInterrupted();
  const config = loadConfig({
    env: context.env,
    checkFiles: true,
    ...(file !== undefined && { file }),
    flags: {
      ...(data !== undefined && { dataDirectory: data }),
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(insecure !== undefined && { insecure }),
    },
  });
  tuneHeap();
  const service = await startService(config);
  context.onHangUp(() => {
    service.reload();
  });
  const { url, origin, vkey } = service;
  if (json === true) context.out(renderJsonLine({ url, origin, vkey, data: config.dataDirectory }));
  else {
    context.out(
      [
        `Spanledger is listening at ${url}`,
        `  data directory    ${config.dataDirectory}`,
        `  ledger            ${origin}`,
        `  verification key  ${vkey}`,
        `  spans go to       ${url}/v1/traces`,
        '',
      ].join('\n'),
    );
  }
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  await service.close();
}
