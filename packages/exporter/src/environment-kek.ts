import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { ExporterError } from './errors.ts';

/** How long the command may take that fetches the key-encryption key. */
const COMMAND_TIMEOUT_MS = 30_000;

const MAX_OUTPUT_BYTES = 4096;

const KEK = /^[A-Za-z0-9+/]{43}=?$/;

/** Where the key-encryption key comes from when it is in no file of the data directory. */
export interface KekEnvironment {
  /** Base64 of 32 bytes. */
  kek: string | undefined;
  /** Program and arguments that print it; no shell looks at them. */
  kekCommand: readonly string[] | undefined;
}

/**
 * The key-encryption key that the environment brings, itself or by a command that asks whoever keeps it: any KMS.
 *
 * @param variable - where the command comes from, for messages
 * @returns base64; undefined where it lies in the data directory
 * @throws ExporterError `key_missing` where the command does not bring it
 */
export async function environmentKek(
  { kek, kekCommand }: KekEnvironment,
  variable: string = 'SPANLEDGER_KEK_COMMAND',
): Promise<string | undefined> {
  const [program, ...args] = kekCommand ?? [];
  if (kek !== undefined || program === undefined) return kek;
  let printed: string;
  try {
    const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'utf8' } as const;
    printed = (await promisify(execFile)(program, args, options)).stdout.trim();
  } catch (error) {
    // Not passed on as the cause: it carries what the command printed.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new ExporterError('key_missing', `${variable}: ${program} did not bring the key${code}`, {
      hint: 'Run it by hand, as the user of the service: it must print the base64 of 32 bytes and end with 0 within 30 s.',
    });
  }
  if (KEK.test(printed)) return printed;
  throw new ExporterError('key_missing', `${variable}: ${program} printed something else than a key`, {
    hint: 'It must print the base64 of 32 bytes, and nothing else.',
  });
}

/** Reads `SPANLEDGER_KEK` and `SPANLEDGER_KEK_COMMAND`; what is malformed is left out. */
export function kekEnvironment(env: Readonly<Record<string, string | undefined>>): KekEnvironment {
  const kek = env['SPANLEDGER_KEK'];
  const command = env['SPANLEDGER_KEK_COMMAND'];
  return {
    kek: kek === '' ? undefined : kek,
    kekCommand: command === undefined || command === '' ? undefined : parseKekCommand(command),
  };
}

/** @returns undefined where it is no JSON list of texts that names a program */
export function parseKekCommand(text: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const words = value.filter((word) => typeof word === 'string');
  return words.length === value.length && words[0] !== '' ? words : undefined;
}
