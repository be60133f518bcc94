import { execFileSync, spawnSync } from 'node:child_process';

/** Commands that stand before the fixture's: each ends by becoming the fixture, so that its pid is the child's. */
export type Wrapper = readonly string[];

/** Whether this machine lets us mount something that only the child sees. */
export const CAN_MOUNT: boolean =
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt && mount -o remount,ro /mnt']).status ===
  0;

/** Whether system calls can be watched, and made to fail. */
export const CAN_TRACE: boolean =
  spawnSync('strace', ['-f', '-e', 'inject=writev:error=EIO:when=1..2', 'true']).status === 0;

/**
 * The child sees a disk of its own at a directory.
 *
 * @param directory - Where.
 * @param options - Of the mount: `size=1m`.
 * @param prepare - A shell command that runs before, with the directory as `$1`.
 */
export function withOwnDisk(directory: string, options: string, prepare = ':'): Wrapper {
  const script = `mount -t tmpfs -o ${options} tmpfs "$1" && ${prepare} && shift && exec "$@"`;
  return ['unshare', '-m', 'sh', '-c', script, 'sh', directory];
}

/** Runs a command where the child's disk is visible. */
export function runBeside(pid: number | undefined, command: readonly string[]): string {
  return execFileSync('nsenter', ['-t', String(pid), '-m', ...command], { encoding: 'utf8' });
}

/** Watches, or injects into, the system calls of the child and its threads; the log says which thread made which. */
export function traced(log: string, ...expressions: readonly string[]): Wrapper {
  // With -D the child stays our child.
  return ['strace', '-D', '-f', '-qq', '-o', log, ...expressions.flatMap((expression) => ['-e', expression])];
}
