import { rmSync } from 'node:fs';
import { ExporterError, tlsFetch } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addServiceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { addKeyOption, openRefused, type SpoolKeyOptions } from '../refused-files.ts';
import { findService } from '../service-access.ts';

const REQUEST_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

interface SendOptions extends SpoolKeyOptions, SourceOptions {
  remove?: boolean;
}

/** `spanledger spool send`: what was refused, once more. */
export function addSpoolSend(spool: Command, context: Context): void {
  const command = spool
    .command('send')
    .summary('send refused requests again')
    .description(
      'Sends refused requests to the service once more, one after the other, and ends with the first that it does not take. ' +
        'What it has already it recognises: no record is there twice.',
    )
    .argument('<files...>', 'as spool list names them')
    .option('--remove', 'remove each file once the service has its records');
  addExamples(addKeyOption(addServiceOptions(command)), [
    'spanledger spool send rejected/1795368000000-http-400-7-000001.otlp',
    'spanledger spool send rejected/*.otlp.sealed --key-file spool.key --remove',
  ]).action((files: string[], options: SendOptions) => send(files, options, context));
}

async function send(files: readonly string[], options: SendOptions, context: Context): Promise<void> {
  const { url, credentials } = await findService(options, context);
  const { token, tls } = credentials;
  const ask = tls === undefined ? fetch : tlsFetch(tls, MAX_ANSWER_BYTES);
  for (const file of files) {
    const request = openRefused(file, options, context);
    const answer = await ask(new URL('v1/traces', `${url}/`), {
      method: 'POST',
      headers: {
        'content-type': 'application/x-protobuf',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: new Uint8Array(request),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new ExporterError('archive_unreachable', `${url} does not answer`, { cause });
    });
    if (!answer.ok) throw await refusal(file, answer);
    await answer.body?.cancel();
    if (options.remove === true) rmSync(file);
    const sent = { file, bytes: request.length, removed: options.remove === true };
    context.out(options.json === true ? renderJsonLine(sent) : `sent  ${file}\n`);
  }
}

/** Why the service did not take it, in its own words where it has any. */
async function refusal(file: string, answer: Response): Promise<CliError> {
  const message = messageOf(await readStart(answer));
  const why = message === undefined ? '' : `: ${message}`;
  return new CliError('send_refused', `${file}: the service answers ${answer.status}${why}`, {
    hint:
      answer.status === 401 || answer.status === 403
        ? 'Give a token that may send: --token-file.'
        : 'The log of the service says why; the file stays where it is.',
  });
}

/** What the service says is in the answer; undefined where it says nothing, or something else answers. */
function messageOf(answer: string): string | undefined {
  try {
    const said: unknown = JSON.parse(answer);
    const isSaid = typeof said === 'object' && said !== null && 'message' in said;
    return isSaid && typeof said.message === 'string' ? said.message : undefined;
  } catch {
    return undefined;
  }
}

/** As much of an answer as {@link MAX_ANSWER_BYTES} allow; whatever answers decides how long it is. */
async function readStart({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(pieces, Math.min(sizeBytes, MAX_ANSWER_BYTES)).toString();
}
