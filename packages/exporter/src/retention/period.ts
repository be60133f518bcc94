const MS_PER_UNIT: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest period: 1,000 years. */
const MAX_PERIOD_MS = 365_000 * 86_400_000;

const PERIOD = /^([1-9]\d{0,9})([smhd])$/;

/** What a period that never ends is written as. */
export const FOR_EVER = 'forever';

/**
 * Reads how long something is kept: a number and its unit, `90d` (days of 24 hours), `36h`, `15m`, `30s`; or `forever`.
 *
 * @returns milliseconds, Infinity for `forever`; undefined for what is no period of at most 1,000 years
 */
export function parsePeriod(text: string): number | undefined {
  if (text === FOR_EVER) return Number.POSITIVE_INFINITY;
  const [, number = '', unit = ''] = PERIOD.exec(text) ?? [];
  const periodMs = Number(number) * (MS_PER_UNIT[unit] ?? 0);
  return periodMs > 0 && periodMs <= MAX_PERIOD_MS ? periodMs : undefined;
}

/** Writes a period as {@link parsePeriod} reads it, in the largest unit that divides it. */
export function formatPeriod(periodMs: number): string {
  if (!Number.isFinite(periodMs)) return FOR_EVER;
  for (const unit of ['d', 'h', 'm'] as const) {
    const unitMs = MS_PER_UNIT[unit] ?? 1;
    if (periodMs % unitMs === 0) return `${periodMs / unitMs}${unit}`;
  }
  return `${Math.round(periodMs / 1000)}s`;
}
