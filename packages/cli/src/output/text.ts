const NS_PER_MS = 1e6;
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;

/** Text that may come from anybody, safe for a terminal: control and formatting characters are replaced. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD');
}

/** Shortens text to a width, with an ellipsis in the place of what is cut. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** `2026-11-21 22:31:05.123Z` from an RFC 3339 time; always UTC, so that two people see the same. */
export function formatTime(timestamp: string | undefined): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d+))?Z$/.exec(timestamp ?? '');
  if (match === null) return timestamp ?? '';
  return `${match[1]} ${match[2]}.${(match[3] ?? '').padEnd(3, '0').slice(0, 3)}Z`;
}

/** `22:31:05.123`, the time of day of an RFC 3339 time in UTC. */
export function formatTimeOfDay(timestamp: string | undefined): string {
  return formatTime(timestamp).slice('2026-11-21 '.length, -1);
}

/** A duration in nanoseconds as people say it: `840 µs`, `12.3 ms`, `4.20 s`. */
export function formatNanoseconds(nanoseconds: number): string {
  if (nanoseconds < NS_PER_MS) return `${Math.round(nanoseconds / 1000)} µs`;
  const ms = nanoseconds / NS_PER_MS;
  return ms < MS_PER_SECOND ? `${ms.toFixed(1)} ms` : formatMilliseconds(ms);
}

/** A duration in milliseconds as people say it: `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < MS_PER_SECOND) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < MS_PER_MINUTE) return `${(milliseconds / MS_PER_SECOND).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / MS_PER_SECOND);
  if (milliseconds < MS_PER_HOUR) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(milliseconds / MS_PER_MINUTE);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Thousands separated, the same in every locale. */
export function formatCount(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, ',');
}
