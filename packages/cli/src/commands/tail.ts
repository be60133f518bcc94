import { setTimeout as delay } from 'node:timers/promises';
import type { Archive } from '@spanledger/audit-exporter';
import { formatQuery, parseQuery } from '@spanledger/audit-exporter/query';
import type { JsonObject } from '@spanledger/record';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { numberAt } from '../output/document-fields.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderRecords } from '../output/records.ts';
import { pages } from '../pages.ts';

const DEFAULT_LIMIT = 10;
const POLL_INTERVAL_MS = 500;

interface TailOptions extends SourceOptions {
  follow?: boolean;
  limit: number;
}

/** `spanledger tail`: the newest records, oldest of them first, and those to come. */
export function addTail(program: Command, context: Context): void {
  const command = program
    .command('tail')
    .summary('show the newest records, and follow')
    .description('Prints the newest records, the newest last; with -f it goes on with those that come.')
    .argument('[query...]', 'only records that match; see spanledger search --help')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --limit <n>', 'how many records to begin with', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(command), [
    'spanledger tail -f',
    "spanledger tail -f 'event.outcome:failure'",
    'spanledger tail -f --json \'http.route:"/admin/export"\'',
  ]).action((words: string[], options: TailOptions) => tail(words.join(' '), options, context));
}

async function tail(query: string, options: TailOptions, context: Context): Promise<void> {
  context.query = query;
  const parsed = parseQuery(query);
  const matching = parsed.type === 'all' ? '' : ` and (${formatQuery(parsed)})`;
  await withArchive(options, context, async (archive) => {
    const print = printer(options, context);
    const newest: JsonObject[] = [];
    for await (const records of pages(asker(archive, query, 'desc'), options.limit)) newest.push(...records);
    print(newest.toReversed());
    if (options.follow !== true) return;
    const stop = context.untilInterrupted();
    let from = nextIndex(newest.slice(0, 1), 0);
    while (!stop.aborted) {
      const ask = asker(archive, `audit.ledger.index >= ${from}${matching}`, 'asc');
      for await (const records of pages(ask, Number.POSITIVE_INFINITY)) {
        print(records);
        from = nextIndex(records, from);
      }
      await delay(POLL_INTERVAL_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  });
}

/** Prints records as they come; the titles once. */
function printer({ json }: TailOptions, context: Context): (records: JsonObject[]) => void {
  let titled = false;
  return (records) => {
    if (json === true) for (const record of records) context.out(renderJsonLine(record));
    else if (!titled || records.length > 0) {
      context.out(renderRecords(records, { paint: context.paint, untitled: titled }));
    }
    titled = true;
  };
}

function asker(archive: Archive, query: string, order: 'asc' | 'desc') {
  return async (limit: number, cursor?: string): Promise<{ items: JsonObject[]; next?: string }> => {
    const page = await archive.search({ query, order, limit, ...(cursor !== undefined && { cursor }) });
    return { items: page.records, ...(page.next !== undefined && { next: page.next }) };
  };
}

/** The index after the last of these records. */
function nextIndex(records: readonly JsonObject[], before: number): number {
  const last = records.at(-1);
  const index = last === undefined ? undefined : numberAt(last, 'audit.ledger.index');
  return index === undefined ? before : index + 1;
}
