import { readFile } from 'node:fs/promises';
import { ExporterError } from '../errors.ts';
import type { SecretSource } from './target-config.ts';

/** Whoever rotates has two. */
const MAX_SECRETS = 8;
const MAX_SECRET_LENGTH = 4096;

/**
 * Reads the secrets of a target anew, so that a changed file counts from the next alert on.
 *
 * @returns one a line or a word of the environment; empty if none is named
 * @throws ExporterError `key_missing`, which names the file and not what is in it
 */
export async function readSecrets({ value, files }: SecretSource): Promise<string[]> {
  if (value !== undefined) return split(value);
  const secrets: string[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (cause) {
      throw new ExporterError('key_missing', `${file}: cannot be read`, {
        cause,
        hint: 'Write the secret to it, readable by the user of the service alone.',
      });
    }
    const found = split(text);
    if (found.length === 0) {
      throw new ExporterError('key_missing', `${file}: holds no secret`, { hint: 'Write the secret to it.' });
    }
    secrets.push(...found);
  }
  return secrets.slice(0, MAX_SECRETS);
}

function split(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.slice(0, MAX_SECRET_LENGTH));
}
