import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { generateCosigner, loadCosigner, type Cosigner } from '../cosigner.ts';
import { LedgerError } from '../errors.ts';
import { fileStorage } from '../storage/file.ts';
import { isAbsent, nodeFileSystem, type FileSystem } from '../storage/file-system.ts';
import type { WritableStorage } from '../storage/storage.ts';
import { parseVerificationKey } from '../verify/note.ts';
import { Witness, type WatchedLog } from './witness.ts';
import { STATE_FILE, WitnessState } from './witness-state.ts';

const KEY_FILE = 'witness.key';
const VKEY_FILE = 'witness.vkey';

/** How a witness is opened. */
export interface OpenWitnessOptions {
  /** Holds its key, what it remembers, and its lock; created if it is missing. */
  directory: string;
  /** A schema-less URL; of a new witness, drawn if not given. Of another one it must be the name that it has. */
  name?: string;
  /** The logs that it watches. */
  logs: readonly WatchedLog[];
  /** Milliseconds since the epoch; `Date.now` if not given. */
  now?: () => number;
}

/** A witness of which this process is the only one. */
export interface OpenWitness {
  readonly name: string;
  /** The key that verifies its cosignatures. */
  readonly vkey: string;
  readonly witness: Witness;
  /** Lets go of the directory. To be called when no request is under way any more; again it does nothing. */
  close(): Promise<void>;
}

/**
 * Opens the directory of a witness, or lays out a new one: `witness.key` (secret, PKCS #8 in PEM), `witness.vkey` and
 * `cosigned`. Back up the key; never put back an older `cosigned`, which is what keeps the witness from letting a log go
 * back.
 *
 * @throws LedgerError `ledger_locked`, `key_invalid`, `origin_invalid`, `witness_state_missing`,
 *   `witness_state_damaged`
 */
export async function openWitness(options: OpenWitnessOptions): Promise<OpenWitness> {
  return await openWitnessWith(options, nodeFileSystem);
}

/** {@link openWitness} on a file system of the caller's; the tests' is made to fail. */
export async function openWitnessWith(options: OpenWitnessOptions, files: FileSystem): Promise<OpenWitness> {
  const { directory, logs, now = Date.now } = options;
  const storage = await fileStorage(directory, files).lock(`The witness in ${directory}`);
  try {
    const cosigner =
      (await loadKey(directory, options.name)) ?? (await drawKey(directory, options.name, storage));
    const key = parseVerificationKey(cosigner.vkey, 'cosignature');
    if (!key.ok) throw new LedgerError('key_invalid', `the witness's vkey cannot be read: ${key.detail}`);
    const state = await WitnessState.open(storage, key.value);
    const { name, vkey } = cosigner;
    const witness = new Witness({ cosigner, logs, state, now });
    let closing: Promise<void> | undefined;
    return { name, vkey, witness, close: () => (closing ??= storage.release()) };
  } catch (error) {
    await storage.release();
    throw error;
  }
}

/** The witness's key; undefined if it has none yet. */
async function loadKey(directory: string, name: string | undefined): Promise<Cosigner | undefined> {
  const path = join(directory, KEY_FILE);
  const pem = await readText(path);
  if (pem === undefined) return undefined;
  const vkey = (await readText(join(directory, VKEY_FILE)))?.trim() ?? '';
  const known = parseVerificationKey(vkey, 'cosignature');
  if (!known.ok) {
    throw new LedgerError('key_invalid', `${join(directory, VKEY_FILE)} cannot be read: ${known.detail}`, {
      hint: 'It holds the name of the witness and its public key. Restore it from a backup.',
    });
  }
  const cosigner = loadCosigner(pem, known.value.name);
  if (cosigner.vkey !== vkey) {
    throw new LedgerError('key_invalid', `${path} is not the key that ${VKEY_FILE} beside it states`);
  }
  if (name !== undefined && name !== cosigner.name) {
    throw new LedgerError('origin_invalid', `the witness in ${directory} is ${cosigner.name}, not ${name}`, {
      hint: 'A witness keeps its name. Leave the name out, or use another directory.',
    });
  }
  return cosigner;
}

/** Draws a key. It is written last, so that a witness that has a key has a state. */
async function drawKey(
  directory: string,
  name: string | undefined,
  storage: WritableStorage,
): Promise<Cosigner> {
  const cosigner = generateCosigner(name ?? `spanledger.local/witness/${randomBytes(8).toString('hex')}`);
  const left = await storage.read(STATE_FILE);
  if (left !== undefined && left.length > 0) {
    throw new LedgerError(
      'key_invalid',
      `${join(directory, KEY_FILE)} is missing, and ${STATE_FILE} is there`,
      {
        hint: 'Restore the key from a backup, or begin a new witness in another directory.',
      },
    );
  }
  await WitnessState.create(storage);
  await storage.put([{ name: VKEY_FILE, bytes: Buffer.from(`${cosigner.vkey}\n`) }]);
  await writeSecret(directory, KEY_FILE, cosigner.pem);
  return cosigner;
}

/** Writes a file that only its owner may read, durably. */
async function writeSecret(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name);
  const draft = `${path}.new`;
  await fs.rm(draft, { force: true });
  const handle = await fs.open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await fs.rename(draft, path);
  const parent = await fs.open(directory, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
