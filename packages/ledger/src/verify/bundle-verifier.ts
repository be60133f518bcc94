import { alignBundle, type Alignment } from './bundle-alignment.ts';
import type { EntryChain } from './entry-chain.ts';
import { readEntryFields, type EntryFields } from './entry-fields.ts';
import { equalBytes } from './encoding.ts';
import type { FailureList } from './failures.ts';
import type { LogFiles } from './log-files.ts';
import {
  entryBundlePath,
  HASH_BYTES,
  MAX_BUNDLE_BYTES,
  scanEntryBundle,
  TILE_WIDTH,
  tilePath,
  tileWidthAt,
} from './tile.ts';
import { hashLeaf } from './tree.ts';

/** What is known of the fields of an entry that is opaque. */
const OPAQUE: ReturnType<typeof readEntryFields> = { ok: true, value: { hasPrevious: false } };

/** How many entries are looked for in a bundle; more than there may be, to tell an inserted one from garbage. */
const MAX_SCANNED_ENTRIES = 2 * TILE_WIDTH;

/** An entry bundle as it was read. */
export interface LoadedBundle {
  path: string;
  /** Index in the log of the bundle's first entry. */
  base: number;
  /** How many entries it must hold. */
  width: number;
  /** Undefined if there is no such bundle, or it cannot be read. */
  entries?: Uint8Array[];
  /** The entries' leaf hashes, end to end; only if there are as many as there must be. */
  row?: Uint8Array;
  /** Bytes that are no entry. */
  trailingBytes: number;
  /** Why it could not be read. */
  failure?: string;
}

/** Reads a bundle and hashes its entries. */
export async function loadBundle(files: LogFiles, index: number, width: number): Promise<LoadedBundle> {
  let path = entryBundlePath(index, width);
  let file = await files.read(path);
  // A partial bundle may be gone once the full one is there; its entries are the first of those.
  const isFallback = file.kind === 'absent' && width < TILE_WIDTH;
  if (isFallback) {
    const full = await files.read(entryBundlePath(index));
    if (full.kind !== 'absent') [path, file] = [entryBundlePath(index), full];
  }
  const bundle = { path, base: index * TILE_WIDTH, width, trailingBytes: 0 };
  if (file.kind === 'absent') return bundle;
  if (file.kind === 'failed') return { ...bundle, failure: file.detail };
  if (file.bytes.length > MAX_BUNDLE_BYTES)
    return { ...bundle, entries: [], trailingBytes: file.bytes.length };
  const { entries, trailingBytes } = scanEntryBundle(file.bytes, MAX_SCANNED_ENTRIES);
  if (isFallback) entries.length = Math.min(entries.length, width);
  if (entries.length !== width) return { ...bundle, entries, trailingBytes };
  const row = new Uint8Array(width * HASH_BYTES);
  for (const [slot, entry] of entries.entries()) row.set(hashLeaf(entry), slot * HASH_BYTES);
  return { ...bundle, entries, trailingBytes, row };
}

/** The hashes that a bundle's entries are compared with. */
export interface LeafRow {
  hashes: Uint8Array;
  /** Whether the tree up to the checkpoint's root proves them; otherwise the tile itself may be what is wrong. */
  isProven: boolean;
}

/** What a bundle's entries are checked with. */
export interface BundleContext {
  files: LogFiles;
  /** The log's size. */
  size: number;
  failures: FailureList;
  /** Absent where entries are opaque: then nothing is looked at but their hashes. */
  chain: EntryChain | undefined;
  /** Is told of every entry that can be read. */
  onEntry: (index: number, path: string, fields: EntryFields) => void;
}

/**
 * Checks the entries of a bundle: each against its leaf hash, and what each says about its place.
 *
 * @param leaves absent if the bundle's tile is missing and nothing else proves its entries
 * @returns how many entries have no failure
 */
export async function verifyBundle(
  bundle: LoadedBundle & { entries: Uint8Array[] },
  leaves: LeafRow | undefined,
  context: BundleContext,
): Promise<number> {
  if (bundle.trailingBytes === 0 && bundle.row !== undefined) {
    if (leaves === undefined || equalBytes(bundle.row, leaves.hashes))
      return verifySoundBundle(bundle, bundle.row, context);
  }
  return await verifyDamagedBundle(bundle, leaves, context);
}

/** The usual case: every entry hashes to its leaf. */
function verifySoundBundle(
  { path, base, entries }: LoadedBundle & { entries: Uint8Array[] },
  row: Uint8Array,
  { failures, chain, onEntry }: BundleContext,
): number {
  if (chain === undefined) return entries.length;
  let verified = 0;
  for (const [slot, entry] of entries.entries()) {
    const index = base + slot;
    const fields = readEntryFields(entry);
    if (fields.ok) onEntry(index, path, fields.value);
    else
      failures.add(
        'entry_malformed',
        { index, path },
        `Entry ${index} is not a canonical record: ${fields.detail}`,
      );
    const hash = row.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
    if (chain.check(index, path, fields.ok ? fields.value : undefined, hash)) verified += 1;
  }
  return verified;
}

async function verifyDamagedBundle(
  bundle: LoadedBundle & { entries: Uint8Array[] },
  leaves: LeafRow | undefined,
  context: BundleContext,
): Promise<number> {
  const { path, base, width } = bundle;
  const { failures, chain } = context;
  const found = bundle.entries.map((bytes) => {
    const fields = chain === undefined ? OPAQUE : readEntryFields(bytes);
    const index = fields.ok ? fields.value.index : undefined;
    return { hash: hashLeaf(bytes), fields, ...(index === undefined ? {} : { claimed: index - base }) };
  });
  const alignment = alignBundle(found, leaves?.hashes, width);
  if (bundle.trailingBytes > 0) {
    const detail = `After ${found.length} entries ${bundle.trailingBytes} bytes follow that are no entry.`;
    failures.add('bundle_malformed', { index: base + found.length, path }, detail);
  }
  await reportStrangers(found, alignment, bundle, context);
  reportMissing(alignment, bundle, failures);

  let verified = 0;
  const slotOf = new Map(alignment.offsets.map((offset, slot) => [offset, slot]));
  for (let offset = 0; offset < width; offset++) {
    const index = base + offset;
    const leaf = leaves?.hashes.subarray(offset * HASH_BYTES, (offset + 1) * HASH_BYTES);
    const slot = slotOf.get(offset);
    const entry = slot === undefined ? undefined : found[slot];
    if (slot === undefined || entry === undefined) {
      chain?.skip(index, leaf);
      continue;
    }
    const isSame = leaf === undefined || equalBytes(entry.hash, leaf);
    if (!isSame && (await belongsElsewhere(entry, index, path, bundle, context))) {
      chain?.skip(index, leaf);
      continue;
    }
    const fields = entry.fields.ok ? entry.fields.value : undefined;
    if (!isSame)
      reportAltered(
        index,
        path,
        leaves?.isProven === true,
        entry.fields.ok ? '' : entry.fields.detail,
        failures,
      );
    else if (!entry.fields.ok) {
      failures.add(
        'entry_malformed',
        { index, path },
        `Entry ${index} is not a canonical record: ${entry.fields.detail}`,
      );
    }
    if (fields !== undefined) context.onEntry(index, path, fields);
    const holds = chain?.check(index, path, fields, entry.hash, isSame ? undefined : leaf) ?? true;
    if (alignment.displaced.has(slot)) {
      const detail = `Entry ${index} stands at place ${base + slot}, out of the order of the log.`;
      failures.add('entry_misplaced', { index, path }, detail);
    } else if (isSame && holds) verified += 1;
  }
  return verified;
}

type ReadEntry = { hash: Uint8Array; claimed?: number; fields: ReturnType<typeof readEntryFields> };

/** Reports the entries that stand in a bundle and are none of it. */
async function reportStrangers(
  found: readonly ReadEntry[],
  { offsets, copies }: Alignment,
  bundle: LoadedBundle,
  context: BundleContext,
): Promise<void> {
  const { path, base } = bundle;
  for (const [slot, entry] of found.entries()) {
    const index = base + slot;
    const copyOf = copies.get(slot);
    if (copyOf !== undefined) {
      const detail = `At place ${index} stands a copy of entry ${base + copyOf}.`;
      context.failures.add('entry_duplicated', { index, path }, detail);
    } else if (
      offsets[slot] === undefined &&
      !(await belongsElsewhere(entry, index, path, bundle, context))
    ) {
      const kind = entry.fields === OPAQUE ? '' : entry.fields.ok ? ' (a record)' : ' (no record)';
      const detail = `At place ${index} stands an entry${kind} that the tree does not contain.`;
      context.failures.add('entry_inserted', { index, path }, detail);
    }
  }
}

/** Whether an entry is one of another bundle, by the index that it claims and the tile there; reports it then. */
async function belongsElsewhere(
  { hash, claimed }: ReadEntry,
  index: number,
  path: string,
  { base, width }: LoadedBundle,
  { files, size, failures }: BundleContext,
): Promise<boolean> {
  if (claimed === undefined || (claimed >= 0 && claimed < width)) return false;
  const home = base + claimed;
  if (!Number.isSafeInteger(home) || home < 0 || home >= size) return false;
  const tileIndex = Math.floor(home / TILE_WIDTH);
  const tile = await files.read(tilePath(0, tileIndex, tileWidthAt(size, 0, tileIndex)));
  const at = (home % TILE_WIDTH) * HASH_BYTES;
  if (tile.kind !== 'found' || !equalBytes(tile.bytes.subarray(at, at + HASH_BYTES), hash)) return false;
  failures.add('entry_misplaced', { index, path }, `At place ${index} stands entry ${home}.`);
  return true;
}

function reportMissing({ missing }: Alignment, { path, base }: LoadedBundle, failures: FailureList): void {
  for (let i = 0; i < missing.length;) {
    const from = missing[i] ?? 0;
    let to = from;
    for (i += 1; missing[i] === to + 1; i++) to += 1;
    const index = base + from;
    const detail =
      from === to ? `Entry ${index} is not there.` : `Entries ${index} to ${base + to} are not there.`;
    failures.add('entry_missing', { index, path }, detail);
  }
}

function reportAltered(
  index: number,
  path: string,
  isProven: boolean,
  unreadable: string,
  failures: FailureList,
): void {
  const addition = unreadable === '' ? '' : ` It is no canonical record any more: ${unreadable}`;
  if (isProven)
    failures.add(
      'entry_altered',
      { index, path },
      `Entry ${index} does not have the hash in the tree.${addition}`,
    );
  else
    failures.add(
      'leaf_mismatch',
      { index, path },
      `Entry ${index} and its leaf hash do not belong together.${addition}`,
    );
}
