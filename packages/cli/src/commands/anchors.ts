import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Anchor } from '@spanledger/ledger/verify';
import { CliError } from '../errors.ts';

/** The file of an anchor is named by its size, 20 digits; whatever else lies there (receipts, say) is not looked at. */
const ANCHOR_NAME = /^\d{20}$/;

/**
 * Reads the anchors of a directory, in the order of their sizes.
 *
 * @throws CliError `file_unreadable`; `input_malformed` where there is none
 */
export async function readAnchors(directory: string): Promise<Anchor[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    throw new CliError('file_unreadable', `--anchors ${directory} cannot be read`, { cause });
  }
  const anchors: Anchor[] = [];
  for (const name of names.filter((each) => ANCHOR_NAME.test(each)).sort()) {
    const path = join(directory, name);
    try {
      anchors.push({ name: path, note: await readFile(path, 'utf8'), size: Number(name) });
    } catch (cause) {
      throw new CliError('file_unreadable', `${path} cannot be read`, { cause });
    }
  }
  if (anchors.length > 0) return anchors;
  throw new CliError('input_malformed', `${directory} holds no anchor`, {
    hint: 'The file of an anchor is named by the size of its checkpoint, 20 digits. See docs/anchoring.md.',
  });
}
