/** SQLite's "database disk image is malformed" and "file is not a database". */
const DAMAGE_CODES: ReadonlySet<unknown> = new Set([11, 26]);

/** Whether an error of SQLite says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && DAMAGE_CODES.has(error.errcode);
}
