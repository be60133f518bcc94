import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';

/**
 * A spool directory that others may write to can hold anything: a pipe, at which a reader would wait for ever and the
 * process could not end; a link, through which a file elsewhere would be written. (Windows knows neither flag.)
 */
const NO_TRICKS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

const OTHERS_MAY_WRITE = 0o002;

/**
 * Opens an ordinary file.
 *
 * @param path - The file.
 * @param flags - How, as `constants` of `node:fs` name it.
 * @throws what the system says, and where it is anything but an ordinary file.
 */
export function openPlain(path: string, flags: number = constants.O_RDONLY): number {
  const file = openSync(path, flags | NO_TRICKS, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new TypeError('Not an ordinary file.');
}

/** Reads a small text file of the spool, as {@link openPlain} opens it. */
export function readPlain(path: string): string {
  return withFile(openPlain(path), (file) => readFileSync(file, 'utf8'));
}

/**
 * Writes a small text file of the spool over what is there, as {@link openPlain} opens it. It is not truncated: file
 * systems bring what replaces a truncated file to the disk at once, and on a full disk there may be no room for it.
 *
 * @param path - The file.
 * @param text - At least as long as whatever was written there before.
 */
export function writePlain(path: string, text: string): void {
  withFile(openPlain(path, constants.O_WRONLY | constants.O_CREAT), (file) => {
    writeSync(file, text, 0);
  });
}

function withFile<T>(file: number, work: (file: number) => T): T {
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

/** Whether a path is a directory itself, not a link to one. */
export function isPlainDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Whether what is in a folder can be taken for what a process of ours wrote: where everybody may write to the directory
 * above it, only if it is the user's own, or of who owns that.
 *
 * @param folder - The folder.
 * @param above - The directory above it.
 */
export function isOurs(folder: string, above: string): boolean {
  const own = lstatSync(folder, { throwIfNoEntry: false });
  const directory = statSync(above, { throwIfNoEntry: false });
  if (own?.isDirectory() !== true || directory === undefined) return false;
  const user = process.geteuid?.();
  if (user === undefined || (directory.mode & OTHERS_MAY_WRITE) === 0) return true;
  return own.uid === user || own.uid === directory.uid;
}
