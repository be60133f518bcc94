import type { KeyObject } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';

import type { DataDirectory } from '../data-directory.ts';
import { ExporterError } from '../errors.ts';
import { epochPurpose } from './epoch-keys.ts';
import {
  eraseKeyFile,
  listDirectory,
  makeKeyDirectory,
  readKeyFile,
  replaceKeyFile,
  writeKeyFile,
} from './key-files.ts';
import { RewrappedKeys } from './rewrapped-keys.ts';
import { open, seal } from './sealed-box.ts';
import { INDEX_PURPOSE, REFERENCES_PURPOSE, unwrapKey } from './wrapped-key.ts';

/** Where a key-encryption key is kept. */
export type KekPlace = 'file' | 'environment' | 'command';

/** What is written down of a rotation, and recorded. */
export interface KekRotation {
  id: string;
  /** RFC 3339. */
  at: string;
  from: KekPlace;
  to: KekPlace;
  /** How many keys were wrapped anew. */
  keys: number;
  /** The published size of the log by then; its record comes later. */
  size: number;
}

/** What is to be rotated. */
export interface KekRotationPlan {
  paths: DataDirectory;
  rotation: Omit<KekRotation, 'keys'>;
  /** The key under which everything lies. */
  from: KeyObject;
  /** The key under which everything is to lie. */
  to: KeyObject;
  /** How many keys of how many are wrapped, and how many of them are checked. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** Called after each step that is durable. */
  onStep?: ((step: string) => void) | undefined;
}

/** What became of a rotation that was interrupted. */
export type InterruptedRotation = { state: 'finished'; rotation: KekRotation } | { state: 'undone' };

/** What a new key is called until it takes its place. */
const NEXT = '.next';

const rotationSchema: z.ZodType<KekRotation> = z.object({
  id: z.string(),
  at: z.string(),
  from: z.enum(['file', 'environment', 'command']),
  to: z.enum(['file', 'environment', 'command']),
  keys: z.number().int().nonnegative(),
  size: z.number().int().nonnegative(),
});

/**
 * Wraps all keys of a data directory under another key-encryption key. The ledger and what is sealed stay as they are.
 *
 * Every key is wrapped a second time beside the first, in `<file>.next` and a table of the vault, and read back. Then one
 * file, `keys/kek-rotation.json`, appears: before it is there the old key opens everything and what was prepared is
 * thrown away by {@link settleKekRotation}; from then on the new one does, once that has put everything into its place, for
 * which it needs no key at all. So at no moment both are needed, and at none neither will do.
 *
 * @throws ExporterError `key_mismatch` where `from` is another key than everything lies under, `vault_damaged`
 */
export async function rotateKek(plan: KekRotationPlan): Promise<KekRotation> {
  const { paths, rotation, from, to, onStep } = plan;
  const files = await wrappedFiles(paths);
  for (const { file, purpose } of files) await wrapFile(file, purpose, from, to);
  onStep?.('files');
  const keys = await wrapVault(plan, files.length);
  onStep?.('vault');
  if (rotation.to === 'file') {
    const bytes = to.export();
    await writeKeyFile(paths.kekFile + NEXT, bytes);
    bytes.fill(0);
    onStep?.('kek');
  }
  const done: KekRotation = { ...rotation, keys };
  await writeKeyFile(paths.kekRotationFile, Buffer.from(`${JSON.stringify(done)}\n`));
  onStep?.('decided');
  await settleKekRotation(paths, onStep);
  return done;
}

/**
 * Ends a rotation that was interrupted, without any key; to be called before anything is opened.
 *
 * @returns undefined where there was none
 * @throws ExporterError `key_mismatch` for a file that says nothing of a rotation
 */
export async function settleKekRotation(
  paths: DataDirectory,
  onStep?: (step: string) => void,
): Promise<InterruptedRotation | undefined> {
  const rotation = await readRotation(paths.kekRotationFile);
  const prepared = await filesThatEnd(NEXT, paths);
  const unfinished = await filesThatEnd(`${NEXT}.new`, paths);
  using vault = RewrappedKeys.open(paths.vaultFile);
  for (const file of unfinished) await eraseKeyFile(file);
  if (rotation === undefined) {
    vault?.discard();
    for (const file of prepared) await eraseKeyFile(file);
    return prepared.length === 0 ? undefined : { state: 'undone' };
  }
  vault?.install();
  onStep?.('vault installed');
  for (const file of prepared) {
    await replaceKeyFile(file, file.slice(0, -NEXT.length));
    onStep?.(`${basename(file)} installed`);
  }
  if (rotation.from === 'file' && rotation.to !== 'file') {
    await eraseKeyFile(paths.kekFile);
    onStep?.('old key erased');
  }
  await makeKeyDirectory(paths.kekRotations);
  await rename(paths.kekRotationFile, join(paths.kekRotations, `${rotation.id}.json`));
  return { state: 'finished', rotation };
}

/** Whether everything lies under a key already. */
export async function isKekInForce({ indexKeyFile }: DataDirectory, kek: KeyObject): Promise<boolean> {
  const box = await readKeyFile(indexKeyFile);
  return box !== undefined && open(kek, INDEX_PURPOSE, box) !== undefined;
}

/** Rotations that are to be recorded, the oldest first. */
export async function finishedRotations({ kekRotations }: DataDirectory): Promise<KekRotation[]> {
  const names = (await listDirectory(kekRotations)).filter((name) => name.endsWith('.json'));
  const found: KekRotation[] = [];
  for (const name of names) {
    const rotation = await readRotation(join(kekRotations, name));
    if (rotation !== undefined) found.push(rotation);
  }
  return found.toSorted((a, b) => (a.at < b.at ? -1 : 1));
}

/** A rotation was recorded. */
export async function forgetRotation({ kekRotations }: DataDirectory, id: string): Promise<void> {
  await eraseKeyFile(join(kekRotations, `${id}.json`));
}

async function wrapFile(file: string, purpose: string, from: KeyObject, to: KeyObject): Promise<void> {
  const box = await readKeyFile(file);
  if (box === undefined) return;
  const key = unwrapKey(box, purpose, from, file);
  await writeKeyFile(file + NEXT, seal(to, purpose, key));
  key.fill(0);
  const written = await readKeyFile(file + NEXT);
  if (written === undefined) throw new ExporterError('key_missing', `${file}${NEXT} is gone`);
  unwrapKey(written, purpose, to, file + NEXT).fill(0);
}

/** @returns how many keys there are now under the new one */
async function wrapVault({ paths, from, to, onProgress }: KekRotationPlan, files: number): Promise<number> {
  using vault = RewrappedKeys.open(paths.vaultFile);
  if (vault === undefined) return files;
  const keys = vault.count;
  const total = 2 * keys;
  for (const done of vault.wrap(from, to)) {
    onProgress?.({ done, total });
    await nextTurn();
  }
  for (const done of vault.check(to)) {
    onProgress?.({ done: keys + done, total });
    await nextTurn();
  }
  return files + keys;
}

async function wrappedFiles(paths: DataDirectory): Promise<{ file: string; purpose: string }[]> {
  const epochs = (await listDirectory(paths.epochKeys)).filter((name) => name.endsWith('.key'));
  const all = [
    { file: paths.indexKeyFile, purpose: INDEX_PURPOSE },
    { file: paths.referenceKeyFile, purpose: REFERENCES_PURPOSE },
    ...epochs.map((name) => ({
      file: join(paths.epochKeys, name),
      purpose: epochPurpose(basename(name, '.key')),
    })),
  ];
  const there = await Promise.all(all.map(async ({ file }) => (await readKeyFile(file)) !== undefined));
  return all.filter((_, i) => there[i]);
}

async function filesThatEnd(ending: string, paths: DataDirectory): Promise<string[]> {
  const found: string[] = [];
  for (const directory of [dirname(paths.kekFile), paths.epochKeys]) {
    const names = await listDirectory(directory);
    found.push(...names.filter((name) => name.endsWith(ending)).map((name) => join(directory, name)));
  }
  return found;
}

async function readRotation(file: string): Promise<KekRotation | undefined> {
  const bytes = await readKeyFile(file);
  if (bytes === undefined) return undefined;
  try {
    return rotationSchema.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw new ExporterError('key_mismatch', `${file} does not say what was rotated`, {
      cause,
      hint: 'Restore keys/ from a backup.',
    });
  }
}
