import { createHmac, randomBytes } from 'node:crypto';
import type { InstrumentationConfig } from '../config.ts';

/** Turns a subject into what spans may say about the person; undefined says nothing. */
export type IdentityMapper = (issuer: string, subject: string) => string | undefined;

/** What keyed digests are made with. */
export type IdentityKey = string | Buffer;

const PSEUDONYM_CHARS = 32;

/** The key for whatever is derived from a subject; undefined where subjects are told. */
export function identityKeyOf(
  config: Pick<InstrumentationConfig, 'identity' | 'identityKey'>,
): IdentityKey | undefined {
  // Without a key of the operator's, one for this process: unlinkable is the safe side.
  return config.identity === 'full' ? undefined : (config.identityKey ?? randomBytes(32));
}

/**
 * The mapper for the configured identity mode. A pseudonym is a keyed digest of issuer and subject: the same person
 * has the same one wherever the key is the same, and nobody without the key can find the person from it.
 */
export function createIdentityMapper(
  config: Pick<InstrumentationConfig, 'identity' | 'identityKey'>,
): IdentityMapper {
  switch (config.identity) {
    case 'full':
      return (_issuer, subject) => subject;
    case 'minimal':
      return () => undefined;
    case 'pseudonym': {
      // Without a key of the operator's, one for this process: unlinkable is the safe side.
      const key = config.identityKey ?? randomBytes(32);
      return (issuer, subject) =>
        createHmac('sha256', key)
          .update(JSON.stringify([issuer, subject]))
          .digest('hex')
          .slice(0, PSEUDONYM_CHARS);
    }
  }
}
