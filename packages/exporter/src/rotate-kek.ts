import { randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { fileTiles, LedgerReader } from '@spanledger/ledger';

import { type DataDirectory, dataDirectory } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { environmentKek, type KekEnvironment } from './environment-kek.ts';
import { ExporterError } from './errors.ts';
import {
  drawKek,
  isKekInForce,
  type KekPlace,
  type KekRotation,
  loadKek,
  parseKek,
  rotateKek as rotate,
  settleKekRotation,
} from './privacy/index.ts';

/** Which key-encryption key is to come, and where it will be kept. */
export type NextKek =
  /** Drawn, and kept in `keys/kek`. */
  | { place: 'file' }
  /** @param kek - base64 of 32 bytes */
  | { place: 'environment'; kek: string }
  /** @param command - program and arguments that print it */
  | { place: 'command'; command: readonly string[] };

/** What {@link rotateKeyEncryptionKey} works with. */
export interface KekRotationOptions {
  /** The data directory, on which no service runs. */
  directory: string;
  /** Where the key is brought from that everything lies under; neither: `keys/kek`. */
  current: KekEnvironment;
  next: NextKek;
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** What was done. */
export interface KekRotationResult {
  /** `rotated`; `finished`: an earlier run was interrupted and is at its end now; `in_force`: the key counts already. */
  outcome: 'rotated' | 'finished' | 'in_force';
  rotation?: KekRotation;
}

/** Where the new key comes from in the environment. */
export const NEW_KEK_VARIABLE = 'SPANLEDGER_NEW_KEK';
export const NEW_KEK_COMMAND_VARIABLE = 'SPANLEDGER_NEW_KEK_COMMAND';

/**
 * Has all keys of a data directory wrapped under another key-encryption key. One that was interrupted is ended first; then
 * whoever asks for the same again is told that it is done.
 *
 * @throws ExporterError `data_directory_locked` while a service runs, `data_directory_unusable`, `key_missing`,
 *   `key_mismatch`, `vault_damaged`
 */
export async function rotateKeyEncryptionKey(options: KekRotationOptions): Promise<KekRotationResult> {
  const { directory, current, next, onProgress } = options;
  const paths = dataDirectory(directory);
  const storage = await lock(paths);
  try {
    const interrupted = await settleKekRotation(paths);
    const wanted = await bring(next);
    if (interrupted?.state === 'finished' && interrupted.rotation.to === next.place) {
      const { rotation } = interrupted;
      if (wanted === undefined || (await isKekInForce(paths, wanted)))
        return { outcome: 'finished', rotation };
    }
    if (wanted !== undefined && (await isKekInForce(paths, wanted))) return { outcome: 'in_force' };
    const from = await loadKek(paths.kekFile, await environmentKek(current), false);
    const rotation = await rotate({
      paths,
      rotation: {
        id: randomUUID(),
        at: new Date().toISOString(),
        from: placeOf(current),
        to: next.place,
        size: (await new LedgerReader(fileTiles(paths.ledger)).checkpoint())?.size ?? 0,
      },
      from,
      to: wanted ?? drawKek(),
      onProgress,
    });
    return { outcome: 'rotated', rotation };
  } finally {
    await storage.release();
  }
}

/** Where the key comes from that the environment names. */
export function placeOf({ kek, kekCommand }: KekEnvironment): KekPlace {
  if (kek !== undefined) return 'environment';
  return kekCommand === undefined ? 'file' : 'command';
}

/** Undefined for one that is drawn. */
async function bring(next: NextKek): Promise<KeyObject | undefined> {
  if (next.place === 'file') return undefined;
  if (next.place === 'environment') return parseKek(next.kek, NEW_KEK_VARIABLE);
  const printed = await environmentKek(
    { kek: undefined, kekCommand: next.command },
    NEW_KEK_COMMAND_VARIABLE,
  );
  return printed === undefined ? undefined : parseKek(printed, NEW_KEK_COMMAND_VARIABLE);
}

async function lock({ root }: DataDirectory): ReturnType<typeof lockDirectory> {
  try {
    return await lockDirectory(root);
  } catch (error) {
    if (!(error instanceof ExporterError && error.code === 'data_directory_locked')) throw error;
    throw new ExporterError('data_directory_locked', error.message, {
      cause: error,
      hint: 'Stop the service for as long as it takes, some seconds for each 100,000 people: senders keep what they have, and send it afterwards. Then start it with the new key.',
    });
  }
}
