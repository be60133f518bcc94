import { type BigIntStats, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ExporterError } from '../errors.ts';
import { writeStateFile } from '../state-file.ts';
import { ROLES, type Role } from './role.ts';
import { TOKEN_ID_PATTERN } from './token.ts';

/** Tokens of one data directory, those that have ended included. */
export const MAX_TOKENS = 1_000;

/** Services that one sender's token names. */
export const MAX_SERVICES = 64;

/** Characters of a token's name, and of a service's. */
export const MAX_NAME_LENGTH = 255;

/** What is kept of a token: everything but the token. Times are ISO 8601. */
export interface StoredToken {
  id: string;
  /** What people call it. */
  name?: string | undefined;
  role: Role;
  /** Of a sender: the `service.name`s that it may send records of; `*` is any. */
  services: string[];
  /** SHA-256 of the token, hex. */
  hash: string;
  created: string;
  /** When it ends; absent: never. */
  expires?: string | undefined;
  /** When it was revoked. */
  revoked?: string | undefined;
  /** The id of the token that it was made to replace. */
  replaces?: string | undefined;
}

const text = z.string().min(1).max(MAX_NAME_LENGTH);
const id = z.string().regex(TOKEN_ID_PATTERN);
const time = z.iso.datetime();

const storedToken: z.ZodType<StoredToken> = z.strictObject({
  id,
  name: text.optional(),
  role: z.enum(ROLES),
  services: z.array(text).max(MAX_SERVICES),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  created: time,
  expires: time.optional(),
  revoked: time.optional(),
  replaces: id.optional(),
});

const FILE = /^([0-9a-z]{10})\.json$/;

/**
 * Reads all tokens of a directory, the oldest first; there is a file for each, so that commands that change different
 * ones do not meet.
 *
 * @param directory - `state/tokens` of a data directory
 * @throws ExporterError `tokens_damaged`
 */
export function readTokens(directory: string): StoredToken[] {
  const names = attempt(directory, () => readdirSync(directory)) ?? [];
  const files = names.filter((name) => FILE.test(name));
  if (files.length > MAX_TOKENS) {
    throw damaged(directory, undefined, `holds more than ${MAX_TOKENS} tokens`);
  }
  return files
    .flatMap((name) => readToken(join(directory, name)) ?? [])
    .sort((one, other) => one.created.localeCompare(other.created) || one.id.localeCompare(other.id));
}

/** Keeps a token, in place of what was kept of it before; when the promise resolves it survives a power cut. */
export async function writeToken(directory: string, token: StoredToken): Promise<void> {
  await writeStateFile(join(directory, `${token.id}.json`), `${JSON.stringify(token)}\n`);
}

/** Changes whenever a token comes or is changed; `undefined` where there is no directory. */
export function describeDirectory(directory: string): string | undefined {
  return attempt(directory, () => describeStats(statSync(directory, { bigint: true })));
}

/** Tells a file or directory from what stood there before. */
export function describeStats({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function readToken(file: string): StoredToken | undefined {
  const content = attempt(file, () => readFileSync(file, 'utf8'));
  if (content === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw damaged(file, cause, 'is not JSON');
  }
  const parsed = storedToken.safeParse(value);
  if (!parsed.success) throw damaged(file, parsed.error, 'does not describe a token');
  return parsed.data;
}

function attempt<T>(path: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw damaged(path, cause, 'cannot be read');
  }
}

function damaged(path: string, cause: unknown, what: string): ExporterError {
  return new ExporterError('tokens_damaged', `${path} ${what}`, {
    cause,
    hint: 'Let the service’s user read it; or restore it from a backup, or remove it: the token that it describes is then unknown.',
  });
}
