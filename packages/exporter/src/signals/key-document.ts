import { z } from 'zod';
import type { JSONWebKeySet } from 'jose';
import { askProvider, unreachable } from './provider-request.ts';
import type { ProviderConfig } from './provider.ts';

/** Keys of one provider; more are none that a provider would rotate through. */
export const MAX_KEYS = 64;

/** Bytes of a discovery document and of a key set. */
const MAX_DOCUMENT_BYTES = 512 * 1024;

const REQUEST_TIMEOUT_MS = 10_000;

/** A public key, as a provider publishes it. A secret one would let whoever reads it sign in its name. RFC 7517, 4 */
const publicKey = z
  .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) })
  .refine((key) => !('d' in key), 'must not hold a private key');

/** RFC 7517, 5: keys of other kinds are passed over. */
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(MAX_KEYS) });

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Reads a key set: public keys of the kinds that sign.
 *
 * @returns undefined where it is none, or holds no such key
 */
export function readKeySet(value: unknown): JSONWebKeySet | undefined {
  const parsed = keySet.safeParse(value);
  if (!parsed.success) return undefined;
  const keys = parsed.data.keys.flatMap((key) => {
    const checked = publicKey.safeParse(key);
    return checked.success ? [checked.data] : [];
  });
  return keys.length === 0 ? undefined : { keys };
}

/**
 * Fetches the keys of a provider, from where it is configured or from where its discovery document says.
 *
 * @throws ExporterError `provider_unreachable`
 */
export async function fetchKeys(
  provider: Pick<ProviderConfig, 'insecure' | 'issuer' | 'jwksUri'>,
  signal: AbortSignal,
): Promise<JSONWebKeySet> {
  const url = provider.jwksUri ?? (await discover(provider, signal));
  const { status, value } = await ask(url, signal);
  const keys = readKeySet(value);
  if (keys === undefined) throw unreachable(url, `has no keys to verify with (it answers ${status})`);
  return keys;
}

/** OpenID Connect Discovery 1.0, 4; OpenID Shared Signals Framework 1.0, 7.2, for a transmitter that is no provider. */
async function discover(
  { issuer, insecure }: Pick<ProviderConfig, 'insecure' | 'issuer'>,
  signal: AbortSignal,
): Promise<string> {
  const places = discoveryPlaces(issuer);
  let failure = '';
  for (const place of places) {
    const { status, value } = await ask(place, signal);
    if (value === undefined) {
      failure = `${place} answers ${status}`;
      continue;
    }
    const parsed = discoveryDocument.safeParse(value);
    // It speaks for itself only. OpenID Connect Discovery 1.0, 4.3
    if (!parsed.success || parsed.data.issuer !== issuer) {
      throw unreachable(place, `is not the discovery document of ${issuer}`);
    }
    const { jwks_uri: uri } = parsed.data;
    const { protocol } = new URL(uri);
    const isAllowed =
      protocol === 'https:' || (protocol === 'http:' && (insecure || issuer.startsWith('http:')));
    if (!isAllowed) throw unreachable(place, 'names keys that would come in the clear');
    return uri;
  }
  throw unreachable(issuer, `has no discovery document (${failure})`);
}

function discoveryPlaces(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/ssf-configuration${path}`,
  ];
}

function ask(url: string, signal: AbortSignal): ReturnType<typeof askProvider> {
  return askProvider({ url, timeoutMs: REQUEST_TIMEOUT_MS, maxBytes: MAX_DOCUMENT_BYTES, signal });
}
