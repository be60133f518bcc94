import type { Archive } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { type Command, Option } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { DataMapBuilder } from '../data-map.ts';
import { addExamples, addSourceOptions, MAX_LIMIT, type SourceOptions } from '../options.ts';
import { textAt } from '../output/document-fields.ts';
import { renderJsonLine } from '../output/json.ts';
import {
  type PrivacyReport,
  renderPrivacyPage,
  renderPrivacyReport,
  type StoragePlace,
} from '../output/privacy-report.ts';
import { progressLine } from '../output/progress.ts';
import { pages } from '../pages.ts';
import { limitToTime, parseMoment, type TimeOptions } from '../times.ts';

interface ReportOptions extends SourceOptions, TimeOptions {
  html?: boolean;
}

/** `spanledger privacy report`: which personal data is stored, where, for how long, and who read it. */
export function addPrivacyReport(privacy: Command, context: Context): void {
  const command = privacy
    .command('report')
    .summary('which personal data is stored, where, and who read it')
    .description(
      'Goes through the records and lists each field that holds personal data, or may: in how many records, of which ' +
        'services, by which rule of the audit policy and in which class of retention; where it lies and in which form; ' +
        'what was taken away before it was stored; and who read records, how often. Names and values are not in it.',
    )
    .option('--since <time>', 'records not before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--until <time>', 'records before: 15m, 2h, 7d ago, or a date', parseMoment)
    .addOption(
      new Option('--html', 'a page, for whoever answers for the protection of data').conflicts('json'),
    );
  addExamples(addSourceOptions(command), [
    'spanledger privacy report --since 30d',
    'spanledger privacy report --html > report.html',
    'spanledger privacy report --json | jq .fields[].field',
  ]).action((options: ReportOptions) => report(options, context));
}

async function report(options: ReportOptions, context: Context): Promise<void> {
  const query = limitToTime('', options, context.now());
  const made = await withArchive(options, context, (archive) => makeReport(archive, query, context));
  if (options.json === true) context.out(renderJsonLine(made));
  else if (options.html === true) context.out(renderPrivacyPage(made));
  else context.out(renderPrivacyReport(made, context.paint));
}

async function makeReport(archive: Archive, query: string, context: Context): Promise<PrivacyReport> {
  const { count: size } = await archive.count({ query });
  const status = await archive.status();
  const progress = progressLine(context.draw, context.now, context.err);
  const builder = new DataMapBuilder();
  let verified = 0;
  const ask = async (limit: number, cursor?: string): Promise<{ items: JsonObject[]; next?: string }> => {
    const page = await archive.search({
      query,
      order: 'asc',
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    return { items: page.records, ...(page.next !== undefined && { next: page.next }) };
  };
  for await (const documents of pages(ask, MAX_LIMIT)) {
    for (const document of documents) builder.add(document);
    verified += documents.length;
    progress.update({ verified, size: Math.max(size, verified) });
  }
  progress.clear();
  return {
    made: new Date(context.now()).toISOString(),
    origin: textAt(status, 'origin') ?? '',
    ...builder.build(),
    places: placesOf(status),
  };
}

/** Where personal data lies: docs/privacy.md, for this installation. */
function placesOf(status: JsonObject): StoragePlace[] {
  const lasting = 'it is erased, or its class of retention ends';
  return [
    {
      place: 'ledger/',
      form: 'commitments with 128-bit salts, random references',
      until: 'for good; tells nothing of a person',
    },
    {
      place: 'journal/',
      form: 'sealed (AES-256-GCM) under a key that lives as long',
      until: 'within a minute',
    },
    {
      place: 'vault/',
      form: 'sealed under a key of each person, wrapped by the key-encryption key',
      until: lasting,
    },
    { place: 'index/, sessions/', form: 'keyed hashes of values, and references', until: lasting },
    ...(isJsonObject(status['elasticsearch'])
      ? [{ place: 'Elasticsearch', form: 'in the clear, for searches', until: lasting }]
      : []),
    ...(isJsonObject(status['telemetry'])
      ? [
          {
            place: 'Elasticsearch, traces',
            form: 'spans in the clear, as telemetry',
            until: 'the lifecycle of that stream',
          },
        ]
      : []),
  ];
}
