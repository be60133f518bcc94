import { lossSpan } from '../audit/loss-ledger.ts';
import { TraceEncoder } from '../otlp/encoder.ts';
import { readLosses } from '../spool/loss-file.ts';

/**
 * The request that tells of what a dead process lost and could not report itself.
 *
 * @param folder - Its folder.
 * @param streamId - Its stream.
 * @param nowMs - Milliseconds since the epoch.
 * @returns Undefined where there is nothing to tell.
 */
export function lossReport(folder: string, streamId: string, nowMs: number): Buffer | undefined {
  const losses = readLosses(folder);
  if (losses === undefined || losses.unreported.length === 0) return undefined;
  const facts = { streamId, number: losses.next, nowMs, resource: { attributes: {} } };
  const span = lossSpan(losses.unreported, facts);
  return Buffer.from(new TraceEncoder(streamId).encode([{ span, number: losses.next }]));
}
