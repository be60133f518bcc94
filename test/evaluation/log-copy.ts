import {
  encodeEntryBundle,
  entryBundlePath,
  formatCheckpoint,
  hashLeaf,
  parseEntryBundle,
  parseSignedCheckpoint,
  TILE_WIDTH,
  TileBuilder,
  tilePath,
  tileWidthAt,
  type Checkpoint,
  type TileSource,
} from '@spanledger/ledger/verify';
import type { NoteSigner } from '@spanledger/ledger';

/** The files of a log by their path below its prefix. Their bytes are never changed, only replaced. */
export type LogFiles = ReadonlyMap<string, Uint8Array>;

/** The files as a verifier reads them. */
export function sourceOf(files: LogFiles): TileSource {
  return { read: (path) => Promise.resolve(files.get(path)) };
}

/** What a signed checkpoint states; no signature is looked at. */
export function checkpointIn(note: string): Checkpoint {
  const signed = parseSignedCheckpoint(note);
  if (!signed.ok) throw new TypeError(signed.detail);
  return signed.value.checkpoint;
}

/** A copy of a log's files, in the hands of somebody who may write to them. */
export class LogCopy {
  readonly files: Map<string, Uint8Array>;

  constructor(files: LogFiles) {
    this.files = new Map(files);
  }

  /** The published checkpoint, a signed note. */
  get checkpoint(): string {
    return Buffer.from(this.read('checkpoint')).toString();
  }

  set checkpoint(note: string) {
    this.files.set('checkpoint', Buffer.from(note));
  }

  /** How many entries the checkpoint covers. */
  get size(): number {
    return checkpointIn(this.checkpoint).size;
  }

  /** A file that must be there. */
  read(path: string): Uint8Array {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new TypeError(`no file ${path}`);
    return bytes;
  }

  /** All entries, in order. */
  entries(): Uint8Array[] {
    const { size } = this;
    return Array.from({ length: Math.ceil(size / TILE_WIDTH) }, (_, index) => this.bundle(index)).flat();
  }

  /** The entries of a bundle. */
  bundle(index: number): Uint8Array[] {
    const width = tileWidthAt(this.size, 0, index);
    const entries = parseEntryBundle(this.read(entryBundlePath(index, width)), width);
    if (!entries.ok) throw new TypeError(entries.detail);
    return entries.value;
  }

  /** Puts other entries, however many, into a bundle's file and changes nothing else. */
  replaceBundle(index: number, entries: readonly Uint8Array[]): void {
    const parts = [entries.slice(0, TILE_WIDTH), entries.slice(TILE_WIDTH)].map(encodeEntryBundle);
    this.files.set(entryBundlePath(index, tileWidthAt(this.size, 0, index)), Buffer.concat(parts));
  }

  /**
   * Writes the tree of some entries: all bundles and hash tiles, and none else.
   *
   * @returns its root
   */
  writeTree(entries: readonly Uint8Array[]): Uint8Array {
    for (const path of this.files.keys()) if (path.startsWith('tile/')) this.files.delete(path);
    const builder = new TileBuilder();
    for (const entry of entries) {
      builder.append(hashLeaf(entry), ({ level, index, hashes }) => {
        this.files.set(tilePath(level, index), hashes);
      });
    }
    for (const { level, index, width, hashes } of builder.partialTiles()) {
      this.files.set(tilePath(level, index, width), hashes);
    }
    for (let at = 0; at < entries.length; at += TILE_WIDTH) {
      const bundle = entries.slice(at, at + TILE_WIDTH);
      this.files.set(entryBundlePath(at / TILE_WIDTH, bundle.length), encodeEntryBundle(bundle));
    }
    return builder.root;
  }

  /** Every checkpoint of the history, in order, as signed notes. */
  notes(): string[] {
    return [...this.files.keys()]
      .filter((path) => /^checkpoints\/\d+$/.test(path))
      .toSorted()
      .flatMap((path) =>
        Buffer.from(this.read(path))
          .toString()
          .split(/(?<=\n— .*\n)(?!— )/),
      );
  }

  /** Writes a history of these checkpoints, and the last one as `checkpoint`. */
  publish(notes: readonly string[]): void {
    for (const path of this.files.keys()) if (path.startsWith('checkpoints/')) this.files.delete(path);
    const name = String(checkpointIn(notes[0] ?? '').size).padStart(20, '0');
    this.files.set(`checkpoints/${name}`, Buffer.from(notes.join('')));
    this.files.set('checkpoints/index', Buffer.from(`${name}\n`));
    this.checkpoint = notes.at(-1) ?? '';
  }

  /**
   * Writes a whole log of these entries, with checkpoints of these sizes, ascending, as whoever holds a key can: nothing
   * in it tells it from one that was written by the service. A checkpoint that states what it did before keeps what
   * others signed of it.
   */
  rewrite(entries: readonly Uint8Array[], sizes: readonly number[], signer: NoteSigner): void {
    const builder = new TileBuilder();
    const { origin } = signer;
    const before = new Map(this.notes().map((note) => splitNote(note)));
    const notes = sizes.map((size) => {
      for (const entry of entries.slice(builder.size, size)) builder.append(hashLeaf(entry), () => undefined);
      const [text, lines] = splitNote(
        signer.signNote(formatCheckpoint({ origin, size, root: builder.root })),
      );
      const others = (before.get(text) ?? '').split(/(?<=\n)/).filter((line) => line !== lines);
      return `${text}\n${lines}${others.join('')}`;
    });
    this.writeTree(entries);
    this.publish(notes);
  }
}

/** A note's text, and its signature lines. */
function splitNote(note: string): [text: string, lines: string] {
  const end = note.indexOf('\n\n') + 1;
  return [note.slice(0, end), note.slice(end + 1)];
}
