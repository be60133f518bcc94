import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  dataDirectory,
  loadConfig,
  readKeyRefusal,
  readKeyRequest,
  writeKeyRequest,
  type DataDirectory,
  type KeyRequest,
} from '@spanledger/audit-exporter';
import { fileTiles } from '@spanledger/ledger';
import { KEYS_PATH, readKeyHistory, type LogKey } from '@spanledger/ledger/verify';
import { InvalidArgumentError, type Command } from 'commander';
import type { Context } from '../context.ts';
import { demandLedger } from '../directory-access.ts';
import { CliError } from '../errors.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';

/** How long a running service is given to take up a request, and to finish what it has taken up. */
const TAKE_UP_MS = 5_000;
const FINISH_MS = 60_000;
const POLL_MS = 50;

interface ChangeOptions {
  data?: string;
  json?: boolean;
  retire?: boolean;
  revoke?: boolean;
  from?: number;
  key?: string;
}

/** `spanledger keys rotate` and `spanledger keys retire`. */
export function addKeyChanges(keys: Command, context: Context): void {
  const rotate = keys
    .command('rotate')
    .summary('give the log a new key')
    .description(
      'Gives the log a new key. Old and new key both sign from then on, until the old one is retired; whoever trusts\n' +
        'either can verify, before and after. A service that is running does it at once, one that is stopped when it\n' +
        'starts. A new key is drawn, unless ledger.key_files names one that the log does not use yet.',
    )
    .option('--retire', 'end the old key at once, without an overlap')
    .option('--revoke', 'the old key may be in other hands: end it at once, and do not believe it any more');
  addShared(rotate, ['spanledger keys rotate', 'spanledger keys rotate --revoke --from 20000']).action(
    (options: ChangeOptions) => change('rotate', options, context),
  );
  const retire = keys
    .command('retire')
    .summary('end an older key of the log')
    .description(
      'Ends the older one of two keys that sign: its signatures count no more from the next checkpoint on. Checkpoints\n' +
        'that it has signed before still verify.',
    )
    .option('--revoke', 'it may be in other hands: do not believe it any more')
    .option(
      '--key <vkey>',
      'which key, if not the older one of two (an earlier one that turned out to be stolen, say)',
    );
  addShared(retire, ['spanledger keys retire', 'spanledger keys retire --revoke --json']).action(
    (options: ChangeOptions) => change('retire', options, context),
  );
}

function addShared(command: Command, examples: string[]): Command {
  command
    .option(
      '--from <size>',
      'the first size at which the old key counts no more (only with --revoke)',
      parseSize,
    )
    .option('--data <dir>', 'the data directory (default: in the user’s own data folder)')
    .option('--json', 'machine-readable output');
  return addExamples(command, examples);
}

async function change(action: KeyRequest['action'], options: ChangeOptions, context: Context): Promise<void> {
  const { retire = false, revoke = false, from, key } = options;
  if (retire && revoke) throw new CliError('usage', '--retire and --revoke exclude one another');
  if (from !== undefined && !revoke) throw new CliError('usage', '--from belongs to --revoke');
  const directory = options.data ?? loadConfig({ env: context.env }).dataDirectory;
  demandLedger(directory);
  const paths = dataDirectory(directory);
  if ((await readKeyRequest(paths)) !== undefined) {
    throw new CliError('change_refused', `another change of the keys waits in ${paths.root}`, {
      hint: 'It is made when the service starts. To give it up, remove state/key-request.json there.',
    });
  }
  const state = revoke ? 'revoked' : 'retired';
  const ends = action === 'retire' || retire || revoke;
  const request: KeyRequest = {
    id: randomUUID(),
    action,
    ...(ends && { end: { state, ...(from !== undefined && { from }) } }),
    ...(key !== undefined && { vkey: key }),
  };
  const before = (await readKeys(paths)).length;
  await writeKeyRequest(paths, request);
  const isDone = await waitFor(paths, request.id);
  const keys = await readKeys(paths);
  if (options.json === true) {
    const listed = keys.map(({ vkey, state: now, from: first, until }) => ({
      vkey,
      state: now,
      from: first,
      until,
    }));
    context.out(renderJsonLine({ done: isDone, keys: listed }));
  } else if (isDone) {
    const added =
      keys.length > Math.max(1, before)
        ? `The log has a new key; give it to whoever verifies:\n\n  ${keys.at(-1)?.vkey}\n\n`
        : '';
    context.out(`${added}${keys.map(({ vkey, state: now }) => `${now.padEnd(8)}  ${vkey}\n`).join('')}`);
  } else {
    context.out(`No service runs on ${paths.root}: the keys are changed when one starts.\n`);
  }
}

/**
 * Waits until the service has done what a request asks for.
 *
 * @returns false if no service took it up
 * @throws CliError `change_refused`
 */
async function waitFor(paths: DataDirectory, id: string): Promise<boolean> {
  const startedMs = performance.now();
  for (;;) {
    const waiting = await readKeyRequest(paths);
    if (waiting?.id !== id) break;
    const waitedMs = performance.now() - startedMs;
    // With a request to rotate, the service notes the new key as soon as it has chosen it.
    const isTakenUp = waiting.action === 'rotate' && waiting.vkey !== undefined;
    if (waitedMs > (isTakenUp ? FINISH_MS : TAKE_UP_MS)) return false;
    await delay(POLL_MS);
  }
  const refusal = await readKeyRefusal(paths, id);
  if (refusal === undefined) return true;
  const { message, hint } = refusal;
  throw new CliError('change_refused', message, hint === undefined ? {} : { hint });
}

async function readKeys(paths: DataDirectory): Promise<readonly LogKey[]> {
  const bytes = await fileTiles(paths.ledger).read(KEYS_PATH);
  return readKeyHistory(bytes && new TextDecoder().decode(bytes), undefined).keys.keys;
}

function parseSize(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a size, a whole number of entries.');
}
