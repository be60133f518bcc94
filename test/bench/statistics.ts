import { cpus, loadavg } from 'node:os';

/** The middle value; of an even number the upper one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the others lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How far the rounds of one side lie apart. */
export function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** The machine, and what else it did. */
export function describeMachine(): string {
  const load = loadavg().map((value) => value.toFixed(2));
  return `machine: ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), load ${load.join(' ')}; Node ${process.version}`;
}

/** Prints a block of lines apart from the runner's own. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}
