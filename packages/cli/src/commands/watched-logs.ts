import type { WatchedLog } from '@spanledger/ledger';
import { parseVerificationKey, type NoteVerificationKey } from '@spanledger/ledger/verify';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { readInputFile } from '../input-files.ts';

/** The most logs that one witness watches: its whole memory is written with every cosignature. */
export const MAX_WATCHED_LOGS = 256;

/**
 * Reads what `--log` was given: each a verification key, an origin and a key with a space between, or a file with such
 * lines. Several keys of one origin are all believed.
 *
 * @throws CliError `usage` where one is neither
 */
export async function readWatchedLogs(values: readonly string[], context: Context): Promise<WatchedLog[]> {
  const logs = new Map<string, NoteVerificationKey[]>();
  for (const value of values) {
    const text = parseLine(value) === undefined ? await readLogsFile(value, context) : value;
    for (const line of text.split('\n').map((each) => each.trim())) {
      if (line === '' || line.startsWith('#')) continue;
      const log = parseLine(line);
      if (log === undefined) throw notALog(value, line);
      logs.set(log.origin, [...(logs.get(log.origin) ?? []), log.key]);
    }
  }
  if (logs.size > MAX_WATCHED_LOGS) {
    throw new CliError(
      'usage',
      `a witness watches at most ${MAX_WATCHED_LOGS} logs, and ${logs.size} were named`,
    );
  }
  return [...logs].map(([origin, keys]) => ({ origin, keys }));
}

/** `[<origin> ]<key>`; an origin may hold spaces, a key holds none. */
function parseLine(line: string): { origin: string; key: NoteVerificationKey } | undefined {
  const at = line.lastIndexOf(' ');
  const key = parseVerificationKey(line.slice(at + 1));
  if (!key.ok || line.startsWith('\u2014')) return undefined;
  return { origin: at < 0 ? key.value.name : line.slice(0, at).trim(), key: key.value };
}

async function readLogsFile(name: string, context: Context): Promise<string> {
  try {
    return await readInputFile(name, context);
  } catch (cause) {
    const message = `--log ${JSON.stringify(name)} is neither the key of a log nor a file that can be read`;
    throw new CliError('usage', message, {
      cause,
      hint: 'Give the line that spanledger keys prints, or a file of such.',
    });
  }
}

function notALog(value: string, line: string): CliError {
  const key = parseVerificationKey(line.slice(line.lastIndexOf(' ') + 1));
  const message = `--log ${JSON.stringify(value)} holds a line that names no log: ${key.ok ? line : key.detail}`;
  return new CliError('usage', message, { hint: 'A line is "<key>" or "<origin> <key>".' });
}
