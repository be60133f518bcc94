import type { Archive, HistogramInterval, RecordCount } from '@spanledger/audit-exporter';
import type { Context } from '../context.ts';
import { describeCount, renderHistogram } from '../output/histogram.ts';
import { renderJsonLine } from '../output/json.ts';

/** What standard error says beside numbers that are not exact. */
const INEXACT =
  'More records may match than were looked at. Narrow it to a shorter time, with --since and --until, for an exact number.\n';

/** Prints how many records match. */
export async function printCount(
  archive: Archive,
  query: string,
  json: boolean,
  context: Context,
): Promise<void> {
  const answer = await archive.count({ query });
  context.out(json ? renderJsonLine(answer) : `${describeCount(answer)}\n`);
  warnOfInexact(answer, context);
  tellAnswerer(answer.answered_by, context);
}

/** Prints how many records match in each stretch of time. */
export async function printHistogram(
  archive: Archive,
  query: string,
  interval: HistogramInterval,
  json: boolean,
  context: Context,
): Promise<void> {
  const answer = await archive.histogram({ query, interval });
  if (json) context.out(renderJsonLine(answer));
  else if (answer.count > 0) context.out(renderHistogram(answer, { paint: context.paint }));
  else context.err('No record matches.\n');
  warnOfInexact(answer, context);
  tellAnswerer(answer.answered_by, context);
}

function warnOfInexact({ exact }: RecordCount, context: Context): void {
  if (!exact) context.err(INEXACT);
}

/** Says on standard error that an answer is not Elasticsearch's, where it was to be. */
export function tellAnswerer(answeredBy: 'embedded' | undefined, context: Context): void {
  if (answeredBy === undefined) return;
  context.err('Answered by the embedded index: Elasticsearch does not answer this, or not just now.\n');
}
