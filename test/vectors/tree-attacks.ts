import { hashNode } from '@spanledger/ledger/verify';
import { SPOILT, type AttacksOn } from './format-attack.ts';

function rebase(text: string, change: (bytes: Buffer) => Buffer): string {
  return change(Buffer.from(text, 'base64')).toString('base64');
}

export const CONSISTENCY_ATTACKS: AttacksOn<'consistency'> = {
  'hash-changed': {
    about: 'A hash of the proof.',
    apply: (sound) => ({ ...sound, hashes: sound.hashes.with(1, SPOILT) }),
  },
  'hash-missing': {
    about: 'A hash less.',
    apply: (sound) => ({ ...sound, hashes: sound.hashes.slice(1) }),
  },
  'hash-more': {
    about: 'A hash more.',
    apply: (sound) => ({ ...sound, hashes: [...sound.hashes, SPOILT] }),
  },
  'no-hashes': { about: 'No proof at all.', apply: (sound) => ({ ...sound, hashes: [] }) },
  'first-root': {
    about: 'Another root of the smaller tree.',
    apply: (sound) => ({ ...sound, first: { ...sound.first, root: SPOILT } }),
  },
  'second-root': {
    about: 'Another root of the larger tree.',
    apply: (sound) => ({ ...sound, second: { ...sound.second, root: SPOILT } }),
  },
  backwards: {
    about: 'From the larger tree to the smaller one.',
    apply: ({ first, second, hashes }) => ({ first: second, second: first, hashes }),
  },
  fork: {
    about: 'Two roots of one size: a split view.',
    apply: ({ first }) => ({ first, second: { ...first, root: SPOILT }, hashes: [] }),
  },
  'from-nothing': {
    about: 'A tree of no entries with a root of its own.',
    apply: ({ second }) => ({ first: { size: 0, root: SPOILT }, second, hashes: [] }),
  },
  'short-hash': {
    about: 'A hash of 31 bytes.',
    apply: (sound) => ({ ...sound, hashes: sound.hashes.with(0, Buffer.alloc(31).toString('base64')) }),
  },
};

export const INCLUSION_ATTACKS: AttacksOn<'inclusion'> = {
  'hash-changed': {
    about: 'A hash of the proof.',
    apply: (sound) => ({ ...sound, hashes: sound.hashes.with(1, SPOILT) }),
  },
  'hash-missing': {
    about: 'A hash less.',
    apply: (sound) => ({ ...sound, hashes: sound.hashes.slice(1) }),
  },
  'hash-more': {
    about: 'A hash more.',
    apply: (sound) => ({ ...sound, hashes: [...sound.hashes, SPOILT] }),
  },
  'leaf-changed': { about: 'Another leaf.', apply: (sound) => ({ ...sound, leafHash: SPOILT }) },
  'inner-as-leaf': {
    about: 'The hash over two leaves as a leaf, with the proof from there on.',
    apply: (sound) => {
      const [leaf, sibling] = [sound.leafHash, sound.hashes[0] ?? ''].map((hash) =>
        Buffer.from(hash, 'base64'),
      );
      const inner = hashNode(leaf ?? Buffer.alloc(0), sibling ?? Buffer.alloc(0));
      return {
        ...sound,
        index: sound.index / 2,
        leafHash: Buffer.from(inner).toString('base64'),
        hashes: sound.hashes.slice(1),
      };
    },
  },
  'index-changed': {
    about: 'The place of its neighbour.',
    apply: (sound) => ({ ...sound, index: sound.index + 1 }),
  },
  'index-past-end': {
    about: 'A place past the end of the tree.',
    apply: (sound) => ({ ...sound, index: sound.size }),
  },
  'root-changed': { about: 'Another root.', apply: (sound) => ({ ...sound, root: SPOILT }) },
};

export const BUNDLE_ATTACKS: AttacksOn<'bundle'> = {
  'cut-off': {
    about: 'The last entry is not whole.',
    apply: (sound) => ({ ...sound, bytes: rebase(sound.bytes, (bytes) => bytes.subarray(0, -1)) }),
  },
  'entry-missing': {
    about: 'An entry less than there should be.',
    apply: (sound) => ({ ...sound, width: sound.width + 1 }),
  },
  'entry-more': {
    about: 'An entry more than there should be.',
    apply: (sound) => ({ ...sound, width: sound.width - 1 }),
  },
  'length-changed': {
    about: 'The length of the first entry reaches into the second.',
    apply: (sound) => ({
      ...sound,
      bytes: rebase(sound.bytes, (bytes) => Buffer.concat([Buffer.from([0, 200]), bytes.subarray(2)])),
    }),
  },
  'bytes-after': {
    about: 'A byte behind the last entry.',
    apply: (sound) => ({
      ...sound,
      bytes: rebase(sound.bytes, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
    }),
  },
};
