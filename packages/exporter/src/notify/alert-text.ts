import type { Alert } from './alert.ts';

const MAX_LINE_LENGTH = 200;

/** One line that says it: for subjects, titles and messages. */
export function alertHeadline({ action, severity, title, count }: Alert): string {
  const times = count > 1 ? ` (${count} records)` : '';
  const state = action === 'raised' ? '' : ` ${action}`;
  return oneLine(`[${severity}]${state} ${title}${times}`, MAX_LINE_LENGTH);
}

/** Text on one line: what would break it, or steer whoever shows it, is a space. */
export function oneLine(text: string, maxLength: number): string {
  // Control and format characters: line breaks, terminal sequences, changes of direction.
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return cut(plain, maxLength);
}

/** Cuts by whole characters and says so. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
