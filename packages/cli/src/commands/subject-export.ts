import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { findSubject } from '@spanledger/audit-exporter';
import { type Command, Option } from 'commander';
import { describeLocation, withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { subjectJson } from '../output/subject-json.ts';
import { subjectPage } from '../output/subject-page.ts';
import { formatCount, printable } from '../output/text.ts';
import { gatherSubject, subjectRecords } from '../subject-records.ts';

interface ExportOptions extends SourceOptions {
  issuer?: string;
  format: 'json' | 'html';
  out?: string;
}

/** `spanledger subject export`: everything about one person. */
export function addSubjectExport(subject: Command, context: Context): void {
  const command = subject
    .command('export')
    .summary('give out everything about a person (GDPR, Art. 15)')
    .description(
      'Gives out everything that is known of a person: names, sessions, and every record with its proof, as JSON or as a ' +
        'page that people can read. Each record in the JSON verifies on its own: spanledger verify.',
    )
    .argument('<id>', 'the person: user.id, or audit.actor.id')
    .option('--issuer <url>', 'the provider that knows the person by this name (iss)')
    .addOption(
      new Option('--format <format>', 'json, or html to be read').choices(['json', 'html']).default('json'),
    )
    .option('--out <file>', 'write it to this new file, which only its owner can read');
  addExamples(addSourceOptions(command), [
    'spanledger subject export alice --issuer https://id.example --out alice.json',
    'spanledger subject export alice --format html --out alice.html',
    'spanledger subject export alice --data ./data | jq .sessions',
  ]).action((id: string, options: ExportOptions) => exportSubject(id, options, context));
}

async function exportSubject(id: string, options: ExportOptions, context: Context): Promise<void> {
  const { issuer, format, out } = options;
  await withArchive(options, context, async (archive, location) => {
    const reference = await findSubject(archive, { id, ...(issuer !== undefined && { issuer }) });
    const person = await gatherSubject(archive, reference);
    const about = {
      ...person,
      reference,
      made: new Date(context.now()).toISOString(),
      source: describeLocation(location),
      vkey: await archive.vkey(),
      checkpoint: await archive.checkpoint(),
    };
    const render = format === 'html' ? subjectPage : subjectJson;
    const chunks = render(about, subjectRecords(archive, reference));
    if (out === undefined) {
      for await (const chunk of chunks) context.out(chunk);
    } else {
      await writeNew(out, chunks);
      const records = formatCount(person.records);
      context.err(`${records} records and ${person.sessions.length} sessions are in ${printable(out)}.\n`);
    }
  });
}

async function writeNew(file: string, chunks: AsyncIterable<string>): Promise<void> {
  const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  const opened = once(stream, 'open').catch((cause: unknown) => {
    throw new CliError('file_unreadable', `${file} cannot be written`, {
      cause,
      hint: 'Name a file that does not exist yet, in a folder that can be written.',
    });
  });
  await opened;
  for await (const chunk of chunks) {
    if (!stream.write(chunk)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}
