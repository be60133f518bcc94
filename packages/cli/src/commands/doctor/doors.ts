import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dataDirectory, loadConfig, readTokens } from '@spanledger/audit-exporter';
import { describeError } from '../../failure.ts';
import { formatCount } from '../../output/text.ts';
import { bad, type Finding, good, warning } from './finding.ts';

const MS_PER_DAY = 24 * 60 * 60 * 1000;

/** What ends so soon wants to be looked at. */
const SOON_MS: number = 14 * MS_PER_DAY;

/** How many tokens that end soon are named one by one. */
const MAX_SHOWN = 20;

const CERTIFICATE = 'TLS certificate';
const TOKENS = 'tokens';

/**
 * When the certificate of the service ends; nothing where none is configured, or the configuration cannot be read,
 * which is said of it elsewhere.
 */
export async function checkCertificate(env: NodeJS.ProcessEnv, nowMs: number): Promise<Finding[]> {
  const file = configuredCertificate(env);
  if (file === undefined) return [];
  let endMs: number;
  let startMs: number;
  try {
    const { validFrom, validTo } = new X509Certificate(await readFile(file));
    [startMs, endMs] = [Date.parse(validFrom), Date.parse(validTo)];
  } catch (error) {
    const why = describeError(error).message;
    return [warning(CERTIFICATE, `${file} cannot be read: ${why}`, 'Run it as the user of the service.')];
  }
  const until = `${file} is good until ${describeMoment(endMs)}`;
  const fix = 'Renew it; the service takes the new file up by itself.';
  if (endMs <= nowMs) return [bad(CERTIFICATE, `${file} ended at ${describeMoment(endMs)}`, fix)];
  if (startMs > nowMs) {
    return [bad(CERTIFICATE, `${file} counts from ${describeMoment(startMs)} on`, 'Check the clock.')];
  }
  return [endMs - nowMs < SOON_MS ? warning(CERTIFICATE, until, fix) : good(CERTIFICATE, until)];
}

/** When the tokens of a data directory end; nothing where there are none that count. */
export function checkTokens(directory: string, nowMs: number): Finding[] {
  let tokens: ReturnType<typeof readTokens>;
  try {
    tokens = readTokens(dataDirectory(directory).tokens);
  } catch (error) {
    const { message, hint = 'Restore them from a backup, or make new ones.' } = describeError(error);
    return [bad(TOKENS, message, hint)];
  }
  const replaced = new Set(tokens.map(({ replaces }) => replaces));
  const valid = tokens.filter(({ expires, revoked }) => revoked === undefined && endOf(expires) > nowMs);
  if (valid.length === 0) return [];
  // One that has a successor ends on purpose.
  const ending = valid
    .filter(({ id, expires }) => !replaced.has(id) && endOf(expires) - nowMs < SOON_MS)
    .toSorted((a, b) => endOf(a.expires) - endOf(b.expires));
  if (ending.length === 0) {
    const first = Math.min(...valid.map(({ expires }) => endOf(expires)));
    const end = Number.isFinite(first) ? `the first ends at ${describeMoment(first)}` : 'none ends';
    return [good(TOKENS, `${formatCount(valid.length)} count, ${end}`)];
  }
  const named = ending
    .slice(0, MAX_SHOWN)
    .map(({ id, name, role, expires }) => `${name ?? id} (${role}) at ${describeMoment(endOf(expires))}`);
  const more =
    ending.length > named.length ? [`… and ${formatCount(ending.length - named.length)} more`] : [];
  return [
    warning(
      TOKENS,
      `end soon: ${[...named, ...more].join('; ')}`,
      'spanledger tokens rotate <id> makes their successors.',
    ),
  ];
}

function configuredCertificate(env: NodeJS.ProcessEnv): string | undefined {
  try {
    return loadConfig({ env }).tls?.certFile;
  } catch {
    return undefined;
  }
}

function endOf(expires: string | undefined): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
}

function describeMoment(ms: number): string {
  return new Date(ms).toISOString();
}
