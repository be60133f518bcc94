import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const POLL_MS = 50;
/** Whoever has held a lock for longer has forgotten it. */
const MAX_LOCK_AGE_MS = 600_000;
/** Writing an id takes a moment. */
const MAX_UNNAMED_LOCK_AGE_MS = 10_000;
/** What nobody has asked for in this time was made of an older state of things. */
const MAX_UNUSED_MS = 2 * 86_400_000;

/**
 * Makes a folder if it is not there. It appears by one rename when it is complete, so what is there is whole; a lock
 * spares processes that want the same folder at once the same work (it breaks without harm).
 *
 * @param folder where it is to be
 * @param make fills an empty folder that becomes this one
 */
export async function buildOnce(folder: string, make: (empty: string) => Promise<void>): Promise<void> {
  if (await markUsed(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  await using stack = new AsyncDisposableStack();
  stack.use(await takeLock(`${folder}.lock`));
  if (await markUsed(folder)) return;
  const part = `${folder}.${randomUUID()}.part`;
  try {
    await mkdir(part);
    await make(part);
    await rename(part, folder);
  } catch (error) {
    await rm(part, { recursive: true, force: true, maxRetries: 5 });
    // Somebody else was done first.
    if (!(await markUsed(folder))) throw error;
  }
}

/**
 * Removes folders that {@link buildOnce} made and nobody asked for lately.
 *
 * @param parent the folder that holds them
 * @param own what their names look like
 */
export async function removeUnused(parent: string, own: RegExp): Promise<void> {
  for (const entry of (await readdir(parent)).filter((candidate) => own.test(candidate))) {
    const path = join(parent, entry);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > MAX_UNUSED_MS) await rm(path, { recursive: true, force: true });
  }
}

/** A folder's time is when it was last asked for. */
async function markUsed(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

async function takeLock(path: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await using file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    if (await isAbandoned(path)) await rm(path, { force: true });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    const ageMs = Date.now() - mtimeMs;
    if (ageMs > MAX_LOCK_AGE_MS) return true;
    const holder = Number(await readFile(path, 'utf8'));
    // Its holder has not written its id yet, or ended before it could.
    if (!(holder > 0)) return ageMs > MAX_UNNAMED_LOCK_AGE_MS;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
