import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const LOOK_MS = 250;
const MEMORY_LOOK_MS = 1000;
/** Less than this share of a core is idle: timers, and the health check. */
const IDLE_SHARE = 0.05;

/** Seconds of processor time that a process has used so far, all threads, user and system. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before the last bracket may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process, mebibytes. */
export async function residentMebibytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/**
 * Waits until a process has nothing to do: followers work on after the last answer, and would take the core from
 * whoever is measured next.
 *
 * @returns the seconds that it took
 */
export async function untilIdle(pid: number, deadlineMs: number): Promise<number> {
  const begin = performance.now();
  let before = await cpuSeconds(pid);
  while (performance.now() - begin < deadlineMs) {
    await delay(LOOK_MS);
    const now = await cpuSeconds(pid);
    if ((now - before) * 1000 < LOOK_MS * IDLE_SHARE) break;
    before = now;
  }
  return (performance.now() - begin) / 1000;
}

/** Looks at a process's resident memory once a second, until it is stopped: mebibytes. */
export function watchMemory(pid: number): { stop(): number[] } {
  const resident: number[] = [];
  const look = (): void => {
    residentMebibytes(pid).then(
      (mebibytes) => resident.push(mebibytes),
      // Gone; that shows elsewhere.
      () => undefined,
    );
  };
  const timer = setInterval(look, MEMORY_LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
      return resident;
    },
  };
}
