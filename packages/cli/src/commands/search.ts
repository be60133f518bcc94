import {
  HISTOGRAM_INTERVALS,
  type HistogramInterval,
  type SearchOrder,
  type SearchPage,
} from '@spanledger/audit-exporter';
import { type CommitmentGroup, discloseGroups, type JsonObject } from '@spanledger/record';
import { Option, type Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import {
  addDiscloseOption,
  addExamples,
  addSourceOptions,
  parseLimit,
  type SourceOptions,
} from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderRecords } from '../output/records.ts';
import { pages, renderMore } from '../pages.ts';
import { printCount, printHistogram, tellAnswerer } from './search-numbers.ts';
import { limitToTime, parseMoment, type TimeOptions } from '../times.ts';

const DEFAULT_LIMIT = 50;

interface SearchOptions extends SourceOptions, TimeOptions {
  limit: number;
  order: SearchOrder;
  count?: boolean;
  histogram?: HistogramInterval;
  disclose?: CommitmentGroup[];
}

/** `spanledger search`: records that match a query, newest first. */
export function addSearch(program: Command, context: Context): void {
  const command = program
    .command('search')
    .summary('find records')
    .description(
      'Finds audit records, newest first. A query names fields as the documents have them, in the spelling of ' +
        'Kibana (KQL): field:value, comparisons, and, or, not, parentheses, wildcards, free text. Without a query: ' +
        'the newest records. Where there are more than --limit, standard error says so.',
    )
    .argument('[query...]', 'the query; quote it, so that the shell leaves it as it is')
    .option('--since <time>', 'not before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--until <time>', 'before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('-n, --limit <n>', 'at most this many records', parseLimit, DEFAULT_LIMIT)
    .addOption(
      new Option('--count', 'print only how many records match').conflicts(['histogram', 'limit', 'order']),
    )
    .addOption(
      new Option('--histogram <interval>', 'print only how many match in each minute, hour … (UTC)')
        .choices(HISTOGRAM_INTERVALS)
        .conflicts(['limit', 'order']),
    )
    .addOption(
      new Option('--order <order>', 'newest or oldest first').choices(['desc', 'asc']).default('desc'),
    );
  addExamples(addSourceOptions(addDiscloseOption(command)), [
    "spanledger search 'user.id:alice and event.outcome:failure'",
    "spanledger search 'event.action:oidc.session.started' --since 1d",
    "spanledger search --count 'event.outcome:failure' --since 1d",
    "spanledger search --histogram hour 'event.action:oidc.token.rejected' --since 2d",
    'spanledger search \'http.route:"/orders/:id" and http.response.status_code >= 400\' --limit 200',
    "spanledger search --data ./data --json -n 100000 'audit.actor.type:service' | spanledger verify --data ./data -",
  ]).action((words: string[], options: SearchOptions) => search(words.join(' '), options, context));
}

async function search(query: string, options: SearchOptions, context: Context): Promise<void> {
  context.query = query;
  const { limit, order, json } = options;
  const asked = limitToTime(query, options, context.now());
  await withArchive(options, context, async (archive) => {
    if (options.count === true) return await printCount(archive, asked, json === true, context);
    if (options.histogram !== undefined) {
      return await printHistogram(archive, asked, options.histogram, json === true, context);
    }
    let found = 0;
    let more = false;
    let answeredBy: SearchPage['answered_by'];
    const ask = async (
      pageLimit: number,
      cursor?: string,
    ): Promise<{ items: JsonObject[]; next?: string }> => {
      const page = await archive.search({
        query: asked,
        order,
        limit: pageLimit,
        ...(cursor !== undefined && { cursor }),
      });
      more = page.next !== undefined;
      answeredBy = page.answered_by ?? answeredBy;
      const { disclose } = options;
      const items =
        disclose === undefined
          ? page.records
          : page.records.map((record) => discloseGroups(record, disclose));
      return { items, ...(page.next !== undefined && { next: page.next }) };
    };
    for await (const records of pages(ask, limit)) {
      if (json === true) for (const record of records) context.out(renderJsonLine(record));
      else context.out(renderRecords(records, { paint: context.paint, untitled: found > 0 }));
      found += records.length;
    }
    tellAnswerer(answeredBy, context);
    // Also beside JSON: whoever passes the answer on should know that it is not all of it.
    if (more) context.err(renderMore(found));
    else if (found === 0 && json !== true) context.err('No record matches.\n');
  });
}
