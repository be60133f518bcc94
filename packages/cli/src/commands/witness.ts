import { isLoopback } from '@spanledger/audit-exporter';
import { openWitness, serveWitness, type WitnessEvent } from '@spanledger/ledger';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, collect, parsePort } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { printable } from '../output/text.ts';
import { readWatchedLogs } from './watched-logs.ts';

/** Beside the exporter's 4319. */
const DEFAULT_WITNESS_PORT = 4320;

interface WitnessCommandOptions {
  data: string;
  log?: string[];
  name?: string;
  host: string;
  port: number;
  init?: boolean;
  insecure?: boolean;
  json?: boolean;
}

/** `spanledger witness`: cosigns the checkpoints of other logs, until Ctrl-C. */
export function addWitness(program: Command, context: Context): void {
  const command = program
    .command('witness')
    .summary('cosign the checkpoints of other logs')
    .description(
      'Runs a witness (C2SP tlog-witness): cosigns checkpoints of the logs that it is told to watch, of each only one ' +
        'that continues what it cosigned before. A log that rewrites its past, is cut back, or shows two faces gets no ' +
        'cosignature. Its key is drawn at the first start. Never put back an older copy of its directory: what it ' +
        'remembers is what keeps a log from going back.',
    )
    .requiredOption('--data <dir>', 'holds the key and what the witness remembers; created if it is missing')
    .option(
      '--log <log>',
      'a log to watch: its verification key, "<origin> <key>" where the key has another name, or a file with one ' +
        'a line (may be repeated)',
      collect,
    )
    .option('--name <name>', 'of a new witness: a URL without its scheme (default: drawn)')
    .option('--host <address>', 'address to listen at', '127.0.0.1')
    .option('--port <port>', 'port to listen at; 0 takes a free one', parsePort, DEFAULT_WITNESS_PORT)
    .option('--init', 'draw the key if there is none, print the verification key, and end')
    .option('--insecure', 'listen beyond this machine although there is no TLS')
    .option(
      '--json',
      'say where it listens as one line of JSON; what happens goes to standard error, a line each',
    );
  addExamples(command, [
    'spanledger witness --data ./witness --name witness.example/w1 --init',
    'spanledger witness --data ./witness --log ledger.vkey',
    'spanledger witness --data ./witness --log watched-logs --port 4400 --json',
  ]).action((options: WitnessCommandOptions) => runWitness(options, context));
}

async function runWitness(options: WitnessCommandOptions, context: Context): Promise<void> {
  const { data: directory, name, host, port, json = false } = options;
  const stop = context.untilInterrupted();
  if (!isLoopback(host) && options.insecure !== true) {
    throw new CliError('usage', `${host} is reachable from other machines, and a witness has no TLS`, {
      hint: 'Listen on 127.0.0.1 behind a proxy that has, or add --insecure.',
    });
  }
  const logs = await readWatchedLogs(options.log ?? [], context);
  await using cleanup = new AsyncDisposableStack();
  const opened = await openWitness({ directory, logs, ...(name !== undefined && { name }) });
  cleanup.defer(() => opened.close());
  const identity = { name: opened.name, vkey: opened.vkey, data: directory };
  if (options.init === true) {
    context.out(json ? renderJsonLine(identity) : `${opened.vkey}\n`);
    return;
  }
  const server = await serveWitness(opened.witness, { host, port, onEvent: teller(json, context) });
  cleanup.defer(() => server.close());
  const origins = logs.map(({ origin }) => origin);
  if (json) context.out(renderJsonLine({ url: server.url, ...identity, logs: origins }));
  else {
    context.out(
      [
        `The witness is listening at ${server.url}`,
        `  directory         ${directory}`,
        `  verification key  ${opened.vkey}`,
        `  watches           ${origins.length === 0 ? 'no log: name some with --log' : origins.map(printable).join(', ')}`,
        '',
      ].join('\n'),
    );
  }
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
}

/** Tells of what somebody must look at, and of each log's first cosignature since the start. */
function teller(json: boolean, context: Context): (event: WitnessEvent) => void {
  const signed = new Set<string>();
  return (event) => {
    const { kind, detail, origin = '', error } = event;
    if (kind === 'refused' || (kind === 'signed' && signed.has(origin))) return;
    if (kind === 'signed') signed.add(origin);
    const cause = error instanceof Error ? error.message : undefined;
    if (json) {
      const told = { kind, detail, origin, size: event.size, note: event.note, cause };
      context.err(renderJsonLine(told));
    } else {
      const reason = cause === undefined ? '' : ` (${cause})`;
      context.err(`${kind}  ${printable(`${origin}  ${detail}${reason}`)}\n`);
      // Together with what was cosigned it proves that the log has two faces: to be kept.
      if (event.note !== undefined) context.err(`${event.note.split('\n').map(printable).join('\n')}\n`);
    }
  };
}
