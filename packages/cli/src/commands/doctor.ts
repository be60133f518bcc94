import { type Command, Option } from 'commander';
import { locate, usualPlace } from '../connection.ts';
import type { Context } from '../context.ts';
import { readCredentials } from '../credentials.ts';
import { EXIT } from '../errors.ts';
import { addExamples, addSourceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { printable } from '../output/text.ts';
import type { Tone } from '../output/paint.ts';
import { checkApp } from './doctor/app.ts';
import { checkDirectory } from './doctor/directory.ts';
import { checkCertificate } from './doctor/doors.ts';
import type { Finding, Verdict } from './doctor/finding.ts';
import { checkConfiguration, checkNode } from './doctor/machine.ts';
import { checkNamedService, checkPort, checkService } from './doctor/service.ts';
import { checkSpool } from './doctor/spool.ts';
import { inspectNamedSpool } from './doctor/spool-inspection.ts';

const TONES: Readonly<Record<Verdict, Tone>> = { good: 'good', warning: 'warning', bad: 'bad' };
const MARKS: Readonly<Record<Verdict, string>> = { good: 'ok', warning: 'look', bad: 'BAD' };
const MARK_WIDTH = 4;

/** `spanledger doctor`: what is wrong here, and how to mend it. */
export function addDoctor(program: Command, context: Context): void {
  const command = program
    .command('doctor')
    .summary('find what is wrong, and how to mend it')
    .description(
      'Looks at Node, the configuration, the data directory, its keys, the ledger, the service and the spool, and ' +
        'says for each what is wrong and how to mend it. Nothing is changed. Ends with 1 if anything is bad.',
    )
    .action((options: DoctorOptions) => examine(options, context));
  addSourceOptions(command).addOption(
    new Option('--spool <dir>', 'look at this spool alone, process by process').conflicts(['data', 'url']),
  );
  command.addOption(
    new Option(
      '--app <dir>',
      'look at what is installed in this application alone: which libraries are covered, and which not',
    ).conflicts(['data', 'url', 'spool']),
  );
  addExamples(command, [
    'spanledger doctor',
    'spanledger doctor --data ./data',
    'spanledger doctor --spool ~/.local/state/spanledger/spool',
    'spanledger doctor --app ~/shop',
    'spanledger doctor --json',
  ]);
}

interface DoctorOptions extends SourceOptions {
  spool?: string;
  app?: string;
}

async function examine(options: DoctorOptions, context: Context): Promise<void> {
  const findings = await look(options, context);
  for (const finding of findings) {
    context.out(options.json === true ? renderJsonLine(finding) : renderFinding(finding, context));
  }
  context.exitCode = findings.some(({ verdict }) => verdict === 'bad') ? EXIT.failed : EXIT.good;
}

async function look(options: DoctorOptions, context: Context): Promise<Finding[]> {
  if (options.app !== undefined) return checkApp(options.app);
  if (options.spool !== undefined)
    return inspectNamedSpool(options.spool, context.now(), context.env['SPANLEDGER_SPOOL_KEY_FILE']);
  return examineAll(options, context);
}

async function examineAll(options: SourceOptions, context: Context): Promise<Finding[]> {
  const findings = [checkNode(process.versions.node), checkConfiguration(context.env, isExplicit(options))];
  findings.push(...(await checkCertificate(context.env, context.now())));
  // With a configuration that cannot be read, there is no telling where things are, unless the command line does.
  const canLocate = findings.every(({ verdict }) => verdict !== 'bad') || options.data !== undefined;
  if (canLocate) findings.push(...(await examinePlaces(options, context)));
  findings.push(...(await checkSpool(context.env, context.now())));
  return findings;
}

async function examinePlaces(options: SourceOptions, context: Context): Promise<Finding[]> {
  if (isExplicit(options)) {
    const location = await locate(options, context);
    return location.kind === 'directory'
      ? checkDirectory(location.directory, context, true)
      : checkNamedService(location.url, location.credentials);
  }
  const { directory, url } = await usualPlace(context.env);
  const credentials = readCredentials(options, context);
  const service = context.env['SPANLEDGER_URL'] ?? '';
  return [
    ...(await checkDirectory(directory, context, false)),
    ...(service === '' ? [await checkPort(url, credentials)] : []),
    ...(await (service === '' ? checkService(url, credentials) : checkNamedService(service, credentials))),
  ];
}

/** Whether the command line itself says where to look. */
function isExplicit({ data, url }: SourceOptions): boolean {
  return data !== undefined || url !== undefined;
}

function renderFinding({ verdict, subject, detail, fix }: Finding, context: Context): string {
  const mark = context.paint(TONES[verdict], MARKS[verdict].padEnd(MARK_WIDTH));
  const remedy = fix === undefined ? '' : `${' '.repeat(MARK_WIDTH + 2)}→ ${printable(fix)}\n`;
  return `${mark}  ${printable(subject)}: ${printable(detail)}\n${remedy}`;
}
