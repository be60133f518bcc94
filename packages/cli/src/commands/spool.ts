import { writeFileSync } from 'node:fs';
import { readSpanDocuments } from '@spanledger/audit-exporter';
import { findSpools, listRefusedRequests } from '@spanledger/instrumentation-oidc/diagnostics';
import type { RefusedRequest } from '@spanledger/instrumentation-oidc/diagnostics';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { formatCount, formatTime } from '../output/text.ts';
import { addKeyOption, openRefused, type SpoolKeyOptions } from '../refused-files.ts';
import { spoolDirectory } from '../spool-place.ts';
import { addSpoolSend } from './spool-send.ts';

const FILES = [
  { title: 'REFUSED', maxWidth: 24 },
  { title: 'STATUS', maxWidth: 8 },
  { title: 'BYTES', maxWidth: 12, align: 'right' as const },
  { title: 'SEALED', maxWidth: 6 },
  { title: 'FILE', maxWidth: 400 },
];

const SPANS = [
  { title: 'TIME', maxWidth: 30 },
  { title: 'SERVICE', maxWidth: 24 },
  { title: 'SPAN', maxWidth: 40 },
  { title: 'USER', maxWidth: 40 },
  { title: 'TRACE', maxWidth: 32 },
];

interface ShowOptions extends SpoolKeyOptions {
  output?: string;
  json?: boolean;
}

/** `spanledger spool`: what the receiver refused, and lies in the spools of applications. */
export function addSpool(program: Command, context: Context): void {
  const command = program
    .command('spool')
    .summary('look at requests that the receiver refused, and send them again')
    .description(
      'Lists, opens and sends again the requests that the receiver refused for good: they lie in the folder "rejected" of ' +
        'a spool, sealed where the spool has a key. What waits to be sent goes out by itself: spanledger doctor --spool.',
    )
    .enablePositionalOptions();
  const list = command
    .command('list')
    .summary('list refused requests')
    .description('Lists the requests that the receiver refused, the oldest of each spool first.')
    .argument('[directory]', 'a spool, or the folder above those of several services (default: of this user)')
    .option('--json', 'machine-readable output');
  addExamples(list, ['spanledger spool list', 'spanledger spool list /var/lib/shop/spool --json']).action(
    (directory: string | undefined, options: ShowOptions) => {
      listFiles(directory ?? spoolDirectory(context.env), options, context);
    },
  );
  const show = command
    .command('show')
    .summary('show the spans of a refused request')
    .description('Opens a refused request and shows its spans, or writes it to a file as it was posted.')
    .argument('<file>', 'as spool list names it')
    .option('--output <file>', 'write the request there, as it was posted (OTLP, protobuf), in the clear')
    .option('--json', 'machine-readable output: each span whole, one a line');
  addExamples(addKeyOption(show), [
    'spanledger spool show rejected/1795368000000-http-400-7-000001.otlp.sealed --key-file spool.key',
    'spanledger spool show rejected/1795368000000-http-400-7-000001.otlp --json | jq .attributes',
    'spanledger spool show rejected/1795368000000-http-400-7-000001.otlp.sealed --output request.otlp',
  ]).action((file: string, options: ShowOptions) => {
    showFile(file, options, context);
  });
  addSpoolSend(command, context);
  addExamples(command, [
    'spanledger spool list --json',
    'spanledger spool show rejected/1795368000000-http-400-7-000001.otlp.sealed --key-file spool.key',
    'spanledger spool send rejected/*.otlp.sealed --key-file spool.key --remove',
  ]);
}

function listFiles(directory: string, { json = false }: ShowOptions, context: Context): void {
  const files = spoolsIn(directory).flatMap((spool) => listRefusedRequests(spool));
  if (json) for (const file of files) context.out(renderJsonLine(describeFile(file)));
  else if (files.length === 0) context.out(`Nothing was refused in ${directory}.\n`);
  else context.out(renderTable(FILES, files.map(fileRow), context.paint));
}

function spoolsIn(directory: string): string[] {
  try {
    return findSpools(directory);
  } catch (cause) {
    throw new CliError('file_unreadable', `${directory} cannot be looked at`, {
      cause,
      hint: 'Name the spool of the application (SPANLEDGER_SPOOL_DIR), or run it as the user whom that belongs to.',
    });
  }
}

function describeFile({ path, refused, status, bytes, sealed }: RefusedRequest): object {
  return {
    file: path,
    ...(refused !== undefined && { refused: new Date(refused).toISOString() }),
    ...(status !== undefined && { status }),
    bytes,
    sealed,
  };
}

function fileRow({ path, refused, status, bytes, sealed }: RefusedRequest): string[] {
  return [
    refused === undefined ? '' : formatTime(new Date(refused).toISOString()),
    status === undefined ? '' : `HTTP ${status}`,
    formatCount(bytes),
    sealed ? 'yes' : 'no',
    path,
  ];
}

function showFile(file: string, options: ShowOptions, context: Context): void {
  const request = openRefused(file, options, context);
  if (options.output !== undefined) {
    writeRequest(options.output, request);
    const written = { file: options.output, bytes: request.length };
    context.out(options.json === true ? renderJsonLine(written) : `Written to ${options.output}.\n`);
    return;
  }
  const spans = readSpans(file, request);
  if (options.json === true) for (const span of spans) context.out(`${span}\n`);
  else context.out(renderTable(SPANS, spans.map(spanRow), context.paint));
}

/** @throws CliError `input_malformed` */
function readSpans(file: string, request: Buffer): string[] {
  try {
    return readSpanDocuments(request);
  } catch (cause) {
    throw new CliError('input_malformed', `${file} holds no request with spans`, {
      cause,
      hint: 'It was damaged, or is none of the spool.',
    });
  }
}

function writeRequest(file: string, request: Buffer): void {
  try {
    writeFileSync(file, request, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CliError('file_unreadable', `${file} cannot be written`, {
      cause,
      hint: 'Name a file that is not there yet, in a folder that this user may write to.',
    });
  }
}

function spanRow(text: string): string[] {
  const span: unknown = JSON.parse(text);
  return [
    formatTime(textAt(span, '@timestamp')),
    textAt(span, 'resource', 'attributes', 'service.name'),
    textAt(span, 'name'),
    textAt(span, 'attributes', 'user.id'),
    textAt(span, 'trace_id'),
  ];
}

function textAt(value: unknown, ...path: readonly string[]): string {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return '';
    found = Object.entries(found).find(([member]) => member === name)?.[1];
  }
  return typeof found === 'string' ? found : '';
}
