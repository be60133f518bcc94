import { open, rm } from 'node:fs/promises';
import {
  createToken,
  MAX_NAME_LENGTH,
  MAX_SERVICES,
  readTokens,
  revokeToken,
  ROLES,
  rotateToken,
  type MadeToken,
  type Role,
  type StoredToken,
} from '@spanledger/audit-exporter';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, collect } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { printable } from '../output/text.ts';
import { parseSpan } from '../times.ts';
import { addTokenOptions, describeToken, tokensDirectory, type TokenOptions } from './token-options.ts';

const DEFAULT_LIFE_MS = 365 * 86_400_000;
const DEFAULT_OVERLAP_MS = 86_400_000;

interface MakeOptions extends TokenOptions {
  /** Milliseconds; `never`. */
  expires?: number | 'never';
  out?: string;
}

interface CreateOptions extends MakeOptions {
  role: Role;
  service?: string[];
  name?: string;
}

interface RotateOptions extends MakeOptions {
  /** Milliseconds. */
  overlap?: number;
}

/** `spanledger tokens create`, `rotate` and `revoke`. */
export function addTokenChanges(tokens: Command, context: Context): void {
  const create = tokens
    .command('create')
    .summary('make a token')
    .description(
      'Makes a token and shows it, once: nobody can ask for it again. A service that runs on the data directory knows it ' +
        'within a second. A sender sends records, of the named services alone; an auditor reads; an administrator reads ' +
        'and administers; a monitor reads /metrics.',
    )
    .addOption(new Option('--role <role>', 'what it is for').choices(ROLES).makeOptionMandatory())
    .option(
      '--service <name>',
      'of a sender: a service.name that it may send records of; may be given more than once; * is any',
      collect,
    )
    .option('--name <text>', 'what people call it', parseName);
  addMaking(create, 'when it ends: 90d from now, say, or never (default: 365d)');
  addExamples(create, [
    'spanledger tokens create --role sender --service shop --expires 90d',
    "spanledger tokens create --role sender --service '*' --name collector --out token",
    'spanledger tokens create --role auditor --json | jq -r .token',
  ]).action((options: CreateOptions) => makeToken(options, context));

  const rotate = tokens
    .command('rotate')
    .summary('make the successor of a token')
    .description(
      'Makes a token for the same as an older one, and shows it, once. Both count until the overlap is over; the older ' +
        'one then ends.',
    )
    .argument('<id>', 'the older token’s id')
    .option(
      '--overlap <time>',
      'how long both count: 45m, 12h, 7d; 0s for not at all (default: 24h)',
      parseSpan,
    );
  addMaking(
    rotate,
    'when it ends: 90d from now, say, or never (default: as long as the older one was meant to last)',
  );
  addExamples(rotate, [
    'spanledger tokens rotate 3f9k2m1x0a',
    'spanledger tokens rotate 3f9k2m1x0a --overlap 7d --out token',
  ]).action((id: string, options: RotateOptions) => replaceToken(id, options, context));

  const revoke = addTokenOptions(
    tokens
      .command('revoke')
      .summary('revoke a token')
      .description(
        'Revokes a token: within a second it lets nobody in any more, and attempts with it are recorded.',
      )
      .argument('<id>', 'the token’s id'),
  );
  addExamples(revoke, ['spanledger tokens revoke 3f9k2m1x0a']).action((id: string, options: TokenOptions) =>
    endToken(id, options, context),
  );
}

function addMaking(command: Command, expires: string): void {
  command
    .option('--expires <time>', expires, parseLife)
    .option(
      '--out <file>',
      'write the token to this new file, which only its owner can read, and do not show it',
    );
  addTokenOptions(command);
}

async function makeToken(options: CreateOptions, context: Context): Promise<void> {
  const { role, service: services = [], name, expires = DEFAULT_LIFE_MS } = options;
  if (role === 'sender' && services.length === 0) {
    throw new CliError('usage', 'a sender needs a --service', {
      hint: "Name the services whose records it sends, by their service.name; --service '*' is any (a collector’s, say).",
    });
  }
  if (role !== 'sender' && services.length > 0)
    throw new CliError('usage', '--service belongs to --role sender');
  if (services.length > MAX_SERVICES || services.some((one) => one === '' || one.length > MAX_NAME_LENGTH)) {
    throw new CliError(
      'usage',
      `--service takes up to ${MAX_SERVICES} names of up to ${MAX_NAME_LENGTH} characters`,
    );
  }
  const { root, tokens } = tokensDirectory(options, context);
  const nowMs = context.now();
  const wish = {
    role,
    services,
    ...(name !== undefined && { name }),
    ...(expires !== 'never' && { expiresMs: nowMs + expires }),
  };
  await handOver(options, context, () => createToken(tokens, wish, nowMs));
  if (options.json !== true) context.err(`It counts for the service on ${root}.\n`);
}

async function replaceToken(id: string, options: RotateOptions, context: Context): Promise<void> {
  const { tokens } = tokensDirectory(options, context);
  const nowMs = context.now();
  const expires = options.expires ?? lifeOf(readTokens(tokens).find((token) => token.id === id));
  await handOver(options, context, async () => {
    const made = await rotateToken(tokens, id, {
      overlapMs: options.overlap ?? DEFAULT_OVERLAP_MS,
      nowMs,
      ...(expires !== 'never' && { expiresMs: nowMs + expires }),
    });
    if (options.json !== true) {
      context.err(`Put the new token where ${id} is used now; that one ends at ${made.old.expires}.\n`);
    }
    return made;
  });
}

async function endToken(id: string, options: TokenOptions, context: Context): Promise<void> {
  const { tokens } = tokensDirectory(options, context);
  const nowMs = context.now();
  const token = await revokeToken(tokens, id, nowMs);
  if (options.json === true) context.out(renderJsonLine(describeToken(token, nowMs)));
  else context.out(`${id} is revoked.\n`);
}

/** Makes a token and shows it, or writes it to a file: which is opened first, so that none is made in vain. */
async function handOver(
  { out, json }: MakeOptions,
  context: Context,
  make: () => Promise<MadeToken>,
): Promise<void> {
  const file = out === undefined ? undefined : await openNew(out);
  try {
    const { token, stored } = await make();
    await file?.writeFile(`${token}\n`);
    await file?.sync();
    const shown = file === undefined ? { token } : { file: out };
    if (json === true) context.out(renderJsonLine({ ...describeToken(stored, context.now()), ...shown }));
    else if (file === undefined) context.out(`${token}\n`);
    if (json !== true) context.err(describeMade(stored, out));
  } catch (error) {
    if (out !== undefined) await rm(out, { force: true });
    throw error;
  } finally {
    await file?.close();
  }
}

async function openNew(file: string): ReturnType<typeof open> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (cause) {
    throw new CliError('file_unreadable', `${file} cannot be written`, {
      cause,
      hint: 'Name a file that does not exist yet, in a folder that can be written. No token was made.',
    });
  }
}

function describeMade({ id, name, role, services, expires }: StoredToken, out: string | undefined): string {
  const label = name === undefined ? id : `${id} (${printable(name)})`;
  const scope = services.length === 0 ? '' : ` of ${services.map(printable).join(', ')}`;
  const where = out === undefined ? 'It is shown this once.' : `It is in ${printable(out)}.`;
  return `Token ${label}: ${role}${scope}, ${expires === undefined ? 'without end' : `until ${expires}`}. ${where}\n`;
}

/** How long a token was meant to last, milliseconds. */
function lifeOf(token: StoredToken | undefined): number | 'never' {
  return token?.expires === undefined ? 'never' : Date.parse(token.expires) - Date.parse(token.created);
}

function parseLife(text: string): number | 'never' {
  return text === 'never' ? text : parseSpan(text);
}

function parseName(text: string): string {
  if (text !== '' && text.length <= MAX_NAME_LENGTH) return text;
  throw new InvalidArgumentError(`It must have 1 to ${MAX_NAME_LENGTH} characters.`);
}
