import type { Stats } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { dataDirectory } from '@spanledger/audit-exporter';
import { checkCheckpoint, parseVerificationKey } from '@spanledger/ledger/verify';
import { openPublicLog } from '../../connection.ts';
import type { Context } from '../../context.ts';
import { describeOwner, openDirectory } from '../../directory-access.ts';
import { describeError } from '../../failure.ts';
import { formatCount, formatMilliseconds } from '../../output/text.ts';
import { keyFiles } from '../keys.ts';
import { checkAlertDeadLetters } from './delivery.ts';
import { checkTokens } from './doors.ts';
import { checkDeadLetters } from './elasticsearch.ts';
import { bad, type Finding, good, warning } from './finding.ts';
import { checkFollowers } from './followers.ts';
import { checkDerived } from './derived.ts';
import { checkPositions } from './positions.ts';

const GROUP_AND_OTHERS = 0o077;

/**
 * Looks at a data directory: permissions, keys, ledger, index.
 *
 * @param named - somebody named it, so that it ought to be there
 */
export async function checkDirectory(
  directory: string,
  context: Context,
  named: boolean,
): Promise<Finding[]> {
  const { root } = dataDirectory(directory);
  const found = await statOrCode(root);
  if (typeof found === 'string') {
    if (found === 'ENOENT' && named) {
      return [bad('data directory', `${root} is not there`, 'Check the name.')];
    }
    return found === 'ENOENT'
      ? [
          warning(
            'data directory',
            `${root} is not there yet`,
            'spanledger serve makes it at its first start.',
          ),
        ]
      : [
          bad(
            'data directory',
            `${root} cannot be looked at (${found})`,
            'Run it as the user whom the directory belongs to.',
          ),
        ];
  }
  if (!found.isDirectory()) {
    return [bad('data directory', `${root} is no directory`, 'Name a directory with --data.')];
  }
  const accessible = await checkAccess(root, found);
  // What lies in a directory that is closed to this user says nothing about it.
  if (accessible.verdict === 'bad') return [accessible];
  return [
    accessible,
    ...(await checkKeys(directory)),
    await checkLedger(directory, context),
    ...(await checkArchive(directory, context)),
    ...checkTokens(directory, context.now()),
    ...(await checkDeadLetters(directory)),
    ...(await checkAlertDeadLetters(directory)),
  ];
}

/** What is at a path, or the code of the error that hides it. */
async function statOrCode(path: string): Promise<Stats | string> {
  try {
    return await stat(path);
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}

// Not chown: the service that runs as the owner would be shut out of its own directory.
async function checkAccess(root: string, { mode, uid }: Stats): Promise<Finding> {
  try {
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const who = process.getuid?.() === uid ? '' : `belongs to another user (uid ${uid}), and `;
    return bad('data directory', `${root}: ${who}this user may not read and write it`, describeOwner(root));
  }
  if ((mode & GROUP_AND_OTHERS) !== 0) {
    return warning('data directory', `${root} can be entered by other users`, `chmod 700 ${root}`);
  }
  return good('data directory', `${root}, for this user alone`);
}

async function checkKeys(directory: string): Promise<Finding[]> {
  const files = await keyFiles(directory);
  const open = files.filter(
    ({ mode }) => mode !== undefined && (Number.parseInt(mode, 8) & GROUP_AND_OTHERS) !== 0,
  );
  const exposed = open.map(({ path, mode = '' }) =>
    bad('keys', `${path} can be read by other users (mode ${mode})`, `chmod 600 ${path}`),
  );
  const present = files.filter(({ mode }) => mode !== undefined).length;
  if (exposed.length > 0) return exposed;
  const { kekRotationFile } = dataDirectory(directory);
  if (typeof (await statOrCode(kekRotationFile)) !== 'string') {
    return [
      warning(
        'keys',
        `${kekRotationFile}: a change of the key-encryption key was interrupted; the new one counts already`,
        'Start the service with the new key, or run again: spanledger keys rotate-kek',
      ),
    ];
  }
  if (present > 0) return [good('keys', `${present} key files, for this user alone`)];
  const { keys } = dataDirectory(directory);
  const fix =
    'The service draws them at its first start; where there is a ledger already, restore them from a backup.';
  return [warning('keys', `there is no key file in ${keys}, or this user may not look into it`, fix)];
}

async function checkLedger(directory: string, context: Context): Promise<Finding> {
  const paths = dataDirectory(directory);
  try {
    const log = await openPublicLog({ kind: 'directory', directory });
    const note = await log.tiles.read('checkpoint');
    if (note === undefined) {
      return warning('ledger', 'nothing is published yet', 'Start the service once: spanledger serve');
    }
    const key = parseVerificationKey(await log.vkey());
    const { checkpoint, problems } = checkCheckpoint(note, key.ok ? key.value : undefined);
    const [problem] = problems;
    if (!key.ok) {
      return bad(
        'ledger',
        `the verification key in ${paths.vkeyFile} cannot be read: ${key.detail}`,
        'Restore it from a backup.',
      );
    }
    if (checkpoint === undefined || problem !== undefined) {
      return bad(
        'ledger',
        problem?.detail ?? 'the checkpoint cannot be read',
        'spanledger verify tells what is wrong.',
      );
    }
    const { mtimeMs } = await stat(`${paths.ledger}/checkpoint`);
    const age = formatMilliseconds(Math.max(0, context.now() - mtimeMs));
    return good('ledger', `${formatCount(checkpoint.size)} entries under a signed checkpoint, ${age} old`);
  } catch (error) {
    const { message, hint } = describeError(error);
    return bad('ledger', message, hint ?? 'spanledger verify tells what is wrong.');
  }
}

async function checkArchive(directory: string, context: Context): Promise<Finding[]> {
  try {
    const ahead = await checkPositions(directory);
    if (ahead.length > 0) return ahead;
    const archive = await openDirectory(directory, context.env);
    try {
      return [...checkFollowers(await archive.status()), ...checkDerived(directory)];
    } finally {
      await archive.close();
    }
  } catch (error) {
    const { message, hint } = describeError(error);
    return [
      bad('index and vault', message, hint ?? 'Start the service, which rebuilds what follows the ledger.'),
    ];
  }
}
