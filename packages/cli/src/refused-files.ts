import { basename } from 'node:path';
import { openRefusedRequest } from '@spanledger/instrumentation-oidc/diagnostics';
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';

const KEY_VARIABLE = 'SPANLEDGER_SPOOL_KEY_FILE';

/** Says where the key of a spool is. */
export interface SpoolKeyOptions {
  keyFile?: string;
}

/** Adds `--key-file`. */
export function addKeyOption(command: Command): Command {
  return command.option(
    '--key-file <file>',
    'the key of the spool, where it is sealed (default: SPANLEDGER_SPOOL_KEY_FILE)',
  );
}

/**
 * Where the key of the spool is: `--key-file`, else as the application has it.
 *
 * @returns undefined where nobody says
 */
function spoolKeyFile({ keyFile }: SpoolKeyOptions, { env }: Context): string | undefined {
  const named = keyFile ?? env[KEY_VARIABLE] ?? '';
  return named === '' ? undefined : named;
}

/**
 * Opens a request that the receiver refused, as it lies in a spool.
 *
 * @returns its bytes as they were posted
 * @throws CliError `file_unreadable`, `spool_sealed`
 */
export function openRefused(file: string, options: SpoolKeyOptions, context: Context): Buffer {
  const keyFile = spoolKeyFile(options, context);
  const opened = tryToOpen(file, keyFile);
  if (opened.outcome === 'opened') return opened.request;
  if (opened.outcome === 'key_missing') {
    throw new CliError('spool_sealed', `${file} is sealed`, {
      hint: `Name the key that the application has in ${KEY_VARIABLE}: set that, or give --key-file.`,
    });
  }
  if (opened.outcome === 'key_unusable') {
    throw new CliError('file_unreadable', `${keyFile} cannot be taken for the key of the spool`, {
      cause: opened.cause,
      hint: 'It must hold the base64 of 32 bytes, as the application has it.',
    });
  }
  throw new CliError('spool_sealed', `${file} is not opened by the key in ${keyFile}`, {
    hint: `It is sealed under another key, or it was damaged or renamed: ${basename(file)} must be the name that it was given.`,
  });
}

function tryToOpen(file: string, keyFile: string | undefined): ReturnType<typeof openRefusedRequest> {
  try {
    return openRefusedRequest(file, keyFile);
  } catch (cause) {
    throw new CliError('file_unreadable', `${file} cannot be read`, { cause });
  }
}
