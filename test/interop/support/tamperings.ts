import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigner } from '@spanledger/ledger';
import { CompactRange, HASH_BYTES } from '@spanledger/ledger/verify';
import {
  alterEntry,
  bundleOf,
  editCheckpoint,
  editEntries,
  editFile,
  flipBit,
  rebuildTiles,
  removeFile,
  tileOf,
  type TamperedLog,
} from './tampering.ts';

/** One way to tamper with a log, and what each tool says of it. */
export interface Tampering {
  name: string;
  /** Whether it takes a log with tiles of level 2. */
  isDeep?: boolean;
  change: (log: TamperedLog) => Promise<unknown>;
  /** What Tessera's fsck ends with; undefined where it finds nothing wrong. */
  fsck: string | undefined;
  /** What sumdb/tlog says; undefined where it finds nothing wrong. */
  tlog: string | undefined;
  /** What Tessera's client says, which has the log's last checkpoint; undefined where it finds nothing wrong. */
  client: string | undefined;
  /** The failures that our own verification lists, without their places and each once. */
  ours: string[];
}

const altered = (index: number) => (log: TamperedLog) =>
  editEntries(log, index, (entries, slot) =>
    entries.with(slot, alterEntry(entries[slot] ?? new Uint8Array())),
  );

/** Every way, for logs of 700 entries and for deep ones. */
export const TAMPERINGS: readonly Tampering[] = [
  {
    name: 'an entry altered',
    change: altered(300),
    fsck: ': log has',
    tlog: 'entry 300 has the hash',
    client: 'their root is',
    ours: ['entry_altered', 'previous_mismatch'],
  },
  {
    name: 'an entry of a partial bundle altered',
    change: altered(690),
    fsck: ': log has',
    tlog: 'entry 690 has the hash',
    client: 'their root is',
    ours: ['entry_altered', 'previous_mismatch'],
  },
  {
    name: 'an entry removed',
    change: (log) => editEntries(log, 300, (entries, slot) => entries.toSpliced(slot, 1)),
    fsck: 'panic: runtime error: index out of range',
    tlog: 'entry 300 has the hash',
    client: 'bundle 1 holds 255 entries, not 256',
    ours: ['entry_missing'],
  },
  {
    name: 'an entry inserted',
    change: (log) =>
      editEntries(log, 300, (entries, slot) =>
        entries.toSpliced(slot, 0, alterEntry(entries[slot] ?? new Uint8Array())),
      ),
    fsck: ': log has',
    tlog: 'entry 300 has the hash',
    client: 'their root is',
    ours: ['entry_inserted'],
  },
  {
    name: 'an entry repeated',
    change: (log) =>
      editEntries(log, 300, (entries, slot) => entries.toSpliced(slot, 0, entries[slot] ?? new Uint8Array())),
    fsck: ': log has',
    tlog: 'entry 301 has the hash',
    client: 'their root is',
    ours: ['entry_duplicated'],
  },
  {
    name: 'an entry repeated after the last of a partial bundle',
    change: (log) => editEntries(log, 690, (entries) => [...entries, entries[0] ?? new Uint8Array()]),
    fsck: undefined,
    tlog: undefined,
    client: undefined,
    ours: ['entry_duplicated'],
  },
  {
    name: 'two entries swapped',
    change: (log) =>
      editEntries(log, 300, (entries, slot) =>
        entries
          .with(slot, entries[slot + 9] ?? new Uint8Array())
          .with(slot + 9, entries[slot] ?? new Uint8Array()),
      ),
    fsck: ': log has',
    tlog: 'entry 300 has the hash',
    client: 'their root is',
    ours: ['entry_misplaced'],
  },
  {
    name: 'the length of an entry altered',
    change: (log) => editFile(log, bundleOf(log, 300), (bytes) => flipBit(bytes, 1)),
    fsck: 'require 13368 bytes from byte index 58234, but size is',
    tlog: 'entry 256 has the hash',
    client: 'require 13368 bytes from byte index 58234, but size is',
    ours: ['bundle_malformed', 'entry_missing', 'entry_altered'],
  },
  {
    name: 'a bundle cut short',
    change: (log) => editFile(log, bundleOf(log, 300), (bytes) => bytes.subarray(0, -5)),
    fsck: 'bytes from byte index 65027, but size is',
    tlog: 'bundle 1 ends in entry 255',
    client: 'bytes from byte index 65027, but size is',
    ours: ['bundle_malformed', 'entry_missing'],
  },
  {
    name: 'bytes after a bundle',
    change: (log) => editFile(log, bundleOf(log, 300), (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
    fsck: 'dangling bytes at byte index',
    tlog: '1 bytes follow bundle 1',
    client: 'dangling bytes at byte index',
    ours: ['bundle_malformed'],
  },
  {
    name: 'a bundle removed',
    change: (log) => removeFile(log, bundleOf(log, 300)),
    fsck: 'tile/entries/001: no such file',
    tlog: 'tile/entries/001: no such file',
    client: 'tile/entries/001: no such file',
    ours: ['bundle_missing'],
  },
  {
    name: 'a leaf hash altered',
    change: (log) => editFile(log, tileOf(log, 0, 300), (bytes) => flipBit(bytes, 44 * HASH_BYTES)),
    fsck: ': log has',
    tlog: 'downloaded inconsistent tile',
    client: 'inclusion of 256: calculated root',
    ours: ['tile_altered'],
  },
  {
    name: 'a leaf hash of a partial tile altered',
    change: (log) => editFile(log, tileOf(log, 0, 690), (bytes) => flipBit(bytes, 0)),
    fsck: ': log has',
    tlog: 'downloaded inconsistent tile',
    client: 'inclusion of 0: calculated root',
    ours: ['tile_altered'],
  },
  {
    name: 'a hash of a partial tile of level 1 altered',
    change: (log) => editFile(log, tileOf(log, 1, 0), (bytes) => flipBit(bytes, 0)),
    fsck: ': log has',
    tlog: 'downloaded inconsistent tile',
    client: 'inclusion of 256: calculated root',
    ours: ['tile_altered'],
  },
  {
    name: 'a hash of a full tile of level 1 altered',
    isDeep: true,
    change: (log) => editFile(log, tileOf(log, 1, 0), (bytes) => flipBit(bytes, 100 * HASH_BYTES)),
    fsck: ': log has',
    tlog: 'downloaded inconsistent tile',
    client: 'inclusion of 0: calculated root',
    ours: ['tile_altered'],
  },
  {
    name: 'a hash of a tile of level 2 altered',
    isDeep: true,
    change: (log) => editFile(log, tileOf(log, 2, 0), (bytes) => flipBit(bytes, 0)),
    fsck: ': log has',
    tlog: 'downloaded inconsistent tile',
    client: 'inclusion of 65536: calculated root',
    ours: ['tile_altered'],
  },
  {
    name: 'a tile cut short',
    change: (log) => editFile(log, tileOf(log, 0, 300), (bytes) => bytes.subarray(HASH_BYTES)),
    fsck: ': log has',
    tlog: 'tile/8/0/001 len=8160, want 8192',
    client: 'only got 255 leaves',
    ours: ['tile_malformed'],
  },
  {
    name: 'a tile removed',
    change: (log) => removeFile(log, tileOf(log, 0, 300)),
    fsck: 'tile/0/001: no such file',
    tlog: 'tile/0/001: no such file',
    client: 'tile/0/001: no such file',
    ours: ['tile_missing'],
  },
  {
    name: 'a partial tile of level 1 removed',
    change: (log) => removeFile(log, tileOf(log, 1, 0)),
    fsck: 'neither partial nor full resource found',
    tlog: 'tile/1/000: no such file',
    client: 'neither partial nor full resource found',
    ours: ['tile_missing'],
  },
  {
    name: 'an entry altered, and all tiles made to agree',
    change: async (log) => {
      await altered(300)(log);
      await rebuildTiles(log);
    },
    fsck: 'but checkpoint claims',
    tlog: 'downloaded inconsistent tile',
    client: 'their root is',
    ours: ['previous_mismatch', 'history_inconsistent', 'root_mismatch'],
  },
  {
    name: 'the size in the checkpoint altered',
    change: (log) => editCheckpoint(log, { size: log.size - 1 }),
    fsck: 'invalid signature for key',
    tlog: 'invalid signature for key',
    client: 'invalid signature for key',
    ours: ['checkpoint_signature_invalid'],
  },
  {
    name: 'the root in the checkpoint altered',
    change: (log) => editCheckpoint(log, { root: new Uint8Array(HASH_BYTES) }),
    fsck: 'invalid signature for key',
    tlog: 'invalid signature for key',
    client: 'invalid signature for key',
    ours: ['checkpoint_signature_invalid'],
  },
  {
    name: 'the checkpoint signed by another key of the same name',
    change: (log) => editCheckpoint(log, {}, generateSigner(log.signer.origin)),
    fsck: 'note has no verifiable signatures',
    tlog: 'note has no verifiable signatures',
    client: 'note has no verifiable signatures',
    ours: ['checkpoint_key_unknown'],
  },
  {
    name: 'the checkpoint of another log, signed by the key',
    change: (log) => editCheckpoint(log, { origin: 'example.com/other' }, log.signer),
    fsck: 'got Origin "example.com/other"',
    tlog: 'not a checkpoint of example.com/log',
    client: 'got Origin "example.com/other"',
    ours: ['origin_mismatch'],
  },
  {
    name: 'another root, signed by the key',
    change: (log) => editCheckpoint(log, { root: new Uint8Array(HASH_BYTES) }, log.signer),
    fsck: 'but checkpoint claims',
    tlog: 'downloaded inconsistent tile',
    client: 'of size 700 there are the roots',
    ours: ['root_mismatch'],
  },
  {
    name: 'a line after the signatures',
    change: (log) => editFile(log, 'checkpoint', (bytes) => `${bytes.toString()}more\n`),
    fsck: 'malformed note',
    tlog: 'malformed note',
    client: 'malformed note',
    ours: ['checkpoint_malformed'],
  },
  {
    name: 'the checkpoint removed',
    change: (log) => removeFile(log, 'checkpoint'),
    fsck: 'checkpoint: no such file',
    tlog: 'checkpoint: no such file',
    client: 'checkpoint: no such file',
    ours: ['checkpoint_missing'],
  },
  {
    name: 'an earlier checkpoint shown again',
    change: (log) => writeFile(join(log.directory, 'checkpoint'), log.earlier),
    fsck: undefined,
    tlog: undefined,
    client: 'the log went back from 700 entries to 50',
    ours: ['checkpoint_rolled_back'],
  },
  {
    name: 'an entry altered, all tiles made to agree, and signed by the key',
    change: async (log) => {
      await altered(300)(log);
      const range = new CompactRange();
      for (const leaf of await rebuildTiles(log)) range.append(leaf);
      await editCheckpoint(log, { root: range.root }, log.signer);
    },
    fsck: undefined,
    tlog: undefined,
    client: 'of size 700 there are the roots',
    ours: ['previous_mismatch', 'history_inconsistent'],
  },
];
