import { ExporterError } from '../errors.ts';
import type { Role } from './role.ts';
import { drawToken } from './token.ts';
import { MAX_TOKENS, readTokens, type StoredToken, writeToken } from './token-file.ts';

/** What somebody asks a token for. */
export interface TokenWish {
  role: Role;
  /** Of a sender: the `service.name`s that it may send records of, or `*`; empty for other roles. */
  services: readonly string[];
  /** What people call it. */
  name?: string;
  /** When it ends, milliseconds since the epoch; absent: never. */
  expiresMs?: number;
}

/** A token that was just made: nobody can ask for it again. */
export interface MadeToken {
  token: string;
  stored: StoredToken;
}

/**
 * Makes a token. A service that runs on the data directory knows it within a second.
 *
 * @param directory - `state/tokens` of the data directory
 * @throws ExporterError `tokens_damaged`, `tokens_full`
 */
export async function createToken(
  directory: string,
  wish: TokenWish,
  nowMs: number,
  replaces?: string,
): Promise<MadeToken> {
  if (readTokens(directory).length >= MAX_TOKENS) {
    throw new ExporterError('tokens_full', `${directory} holds ${MAX_TOKENS} tokens`, {
      hint: 'Remove the files of tokens that have ended (spanledger tokens list); <id>.json describes one.',
    });
  }
  const { id, token, hash } = drawToken();
  const stored: StoredToken = {
    id,
    ...(wish.name !== undefined && { name: wish.name }),
    role: wish.role,
    services: [...wish.services],
    hash,
    created: new Date(nowMs).toISOString(),
    ...(wish.expiresMs !== undefined && { expires: new Date(wish.expiresMs).toISOString() }),
    ...(replaces !== undefined && { replaces }),
  };
  await writeToken(directory, stored);
  return { token, stored };
}

/**
 * Makes the successor of a token, for the same; the old one ends after the overlap, or earlier if it would have anyway.
 *
 * @param overlapMs - how long both count
 * @throws ExporterError `tokens_damaged`, `tokens_full`, `not_found`
 */
export async function rotateToken(
  directory: string,
  id: string,
  { overlapMs, expiresMs, nowMs }: { overlapMs: number; expiresMs?: number; nowMs: number },
): Promise<MadeToken & { old: StoredToken }> {
  const before = findToken(directory, id);
  const { role, services, name } = before;
  const wish = {
    role,
    services,
    ...(name !== undefined && { name }),
    ...(expiresMs !== undefined && { expiresMs }),
  };
  const made = await createToken(directory, wish, nowMs, id);
  const endsMs = Math.min(nowMs + overlapMs, Date.parse(before.expires ?? '') || Number.POSITIVE_INFINITY);
  const old: StoredToken = { ...before, expires: new Date(endsMs).toISOString() };
  await writeToken(directory, old);
  return { ...made, old };
}

/**
 * Revokes a token: it lets nobody in any more, and attempts with it are recorded under its id.
 *
 * @throws ExporterError `tokens_damaged`, `not_found`
 */
export async function revokeToken(directory: string, id: string, nowMs: number): Promise<StoredToken> {
  const token = findToken(directory, id);
  if (token.revoked !== undefined) return token;
  const revoked: StoredToken = { ...token, revoked: new Date(nowMs).toISOString() };
  await writeToken(directory, revoked);
  return revoked;
}

function findToken(directory: string, id: string): StoredToken {
  const token = readTokens(directory).find((one) => one.id === id);
  if (token !== undefined) return token;
  throw new ExporterError('not_found', 'there is no token of that id', {
    hint: 'spanledger tokens list names them all. An id has ten characters, and stands in the token behind slt_.',
  });
}
