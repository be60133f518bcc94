const DIGITS = 8;
const NAME = /^(\d{8})\.segment$/;

/** The file name of segment `number`, from 1. */
export function segmentName(number: number): string {
  return `${String(number).padStart(DIGITS, '0')}.segment`;
}

/** The number in a segment's file name; undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
