/**
 * A moment as every record has it: RFC 3339 in UTC with nine fraction digits.
 *
 * @param ms milliseconds since the epoch
 */
export function timestampOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
