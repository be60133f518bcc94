import { readFile } from 'node:fs/promises';
import {
  type CreatedKey,
  type ElasticsearchAccess,
  ElasticsearchSetup,
  loadConfig,
  NAMESPACE,
  readApiKey,
} from '@spanledger/audit-exporter';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderChange, renderPlan } from '../output/setup-plan.ts';
import { keyFilesOf, writeKeyFile } from './key-files.ts';

const PASSWORD_VARIABLE = 'SPANLEDGER_ELASTICSEARCH_PASSWORD';
const DEFAULT_NAMESPACE = 'default';

interface SetupOptions {
  config?: string;
  url?: string;
  caFile?: string;
  namespace?: string;
  user?: string;
  passwordFile?: string;
  apiKeyFile?: string;
  retention?: string;
  ilm?: boolean;
  keysDir?: string;
  keysExpire?: string;
  newKeys?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** `spanledger setup elasticsearch`: templates, streams, roles and keys. */
export function addSetupElasticsearch(setup: Command, context: Context): void {
  const command = setup
    .command('elasticsearch')
    .summary('make templates, streams, roles and keys')
    .description(
      'Makes what the records need in an Elasticsearch: templates, data streams, their lifecycle, roles of least ' +
        'privilege and an API key for each. What is there already and as it should be is left alone. A terminal is ' +
        'asked before anything is changed. Address, authority and namespace come from the configuration unless given.',
    )
    .option('--config <file>', 'the configuration file (default: SPANLEDGER_CONFIG, else spanledger.yaml)')
    .option('--url <url>', 'of the Elasticsearch')
    .option('--ca-file <file>', 'PEM file of the authorities to trust')
    .option('--namespace <name>', 'last part of the names of the streams', parseNamespace)
    .option('--user <name>', `who may set up; the password is in ${PASSWORD_VARIABLE} or in --password-file`)
    .option('--password-file <file>', 'holds the password')
    .addOption(
      new Option('--api-key-file <file>', 'holds an API key that may set up (it cannot make keys)').conflicts(
        'user',
      ),
    )
    .option(
      '--retention <time>',
      'the streams delete what is older by themselves, legal holds or not, e.g. 365d (default: the service alone deletes, what is due and not held)',
      parseTime,
    )
    .option('--ilm', 'a lifecycle policy (ILM) in the place of the data stream lifecycle')
    .option('--keys-dir <dir>', 'write each API key to a file of its own there (default: print them, once)')
    .option('--keys-expire <time>', 'how long the keys are good for, e.g. 90d (default: no end)', parseTime)
    .option('--new-keys', 'make keys although there are some; those stay good until they are invalidated')
    .option('--dry-run', 'show what would be done, and end')
    .option('--yes', 'do not ask')
    .option('--json', 'machine-readable output');
  addExamples(command, [
    'spanledger setup elasticsearch --url https://es.example:9200 --user elastic --dry-run',
    'spanledger setup elasticsearch --user elastic --keys-dir /etc/spanledger --retention 365d',
    'spanledger setup elasticsearch --user elastic --new-keys --keys-expire 90d --keys-dir /etc/spanledger --yes',
  ]).action((options: SetupOptions) => setUp(options, context));
}

async function setUp(options: SetupOptions, context: Context): Promise<void> {
  const { json = false, keysDir } = options;
  const { access, namespace } = await readAccess(options, context);
  await using setup = await ElasticsearchSetup.open(access, {
    namespace,
    retention: options.retention,
    ilm: options.ilm,
    newKeys: options.newKeys,
    keysExpire: options.keysExpire,
  });
  const { plan, capabilities } = setup;
  const files = keysDir === undefined ? undefined : keyFilesOf(keysDir, plan.changes, options.newKeys);
  const report = {
    url: access.url,
    version: capabilities.version,
    namespace,
    changes: plan.changes.map(({ kind, name, action, differences }) => ({ kind, name, action, differences })),
    unchanged: plan.unchanged,
    fallbacks: plan.fallbacks,
  };
  if (!json) context.out(renderPlan(report, context.paint));
  const isWanted =
    plan.changes.length > 0 && options.dryRun !== true && (options.yes === true || (await confirm(context)));
  const keys: (Omit<CreatedKey, 'encoded'> & { encoded?: string; file?: string })[] = [];
  if (isWanted) {
    await setup.apply((change, key) => {
      if (!json) context.out(renderChange(change, context.paint));
      if (key === undefined) return;
      const { encoded, ...told } = key;
      const file = files?.get(key.name);
      if (file !== undefined) writeKeyFile(file, encoded);
      keys.push(file === undefined ? key : { ...told, file });
    });
  }
  if (json) {
    context.out(renderJsonLine({ ...report, applied: isWanted, keys }));
    return;
  }
  for (const { role, encoded, file, expires } of keys) {
    const end = expires === undefined ? '' : `, good until ${expires}`;
    context.out(`\nAPI key of the ${role}${end}:\n\n  ${file ?? `${encoded}\n\n  It is shown this once.`}\n`);
  }
  if (isWanted) context.out('\nDone.\n');
}

/** Where there is nobody to ask, the command line has said what is wanted. */
async function confirm({ ask }: Context): Promise<boolean> {
  if (ask === undefined) return true;
  return /^y(es)?$/i.test((await ask('Do it? [y/N] ')).trim());
}

async function readAccess(
  options: SetupOptions,
  context: Context,
): Promise<{ access: ElasticsearchAccess; namespace: string }> {
  const { elasticsearch } = loadConfig({
    env: context.env,
    ...(options.config !== undefined && { file: options.config }),
  });
  const url = options.url ?? elasticsearch?.url;
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    const what = url === undefined ? 'it is not known where the Elasticsearch is' : `${url} is no URL`;
    throw new CliError('usage', what, {
      hint: 'Say --url https://elasticsearch.example:9200, or elasticsearch.url in the configuration.',
    });
  }
  return {
    namespace: options.namespace ?? elasticsearch?.namespace ?? DEFAULT_NAMESPACE,
    access: {
      url,
      caFile: options.caFile ?? elasticsearch?.caFile,
      credentials: await readCredentials(options, context),
    },
  };
}

async function readCredentials(
  options: SetupOptions,
  context: Context,
): Promise<ElasticsearchAccess['credentials']> {
  const { user: username, passwordFile, apiKeyFile } = options;
  if (apiKeyFile !== undefined) return readApiKey({ value: undefined, file: apiKeyFile });
  if (username === undefined) return undefined;
  const given = context.env[PASSWORD_VARIABLE] ?? '';
  const password = passwordFile === undefined ? given : (await readPassword(passwordFile)).trimEnd();
  if (password !== '') return { username, password };
  throw new CliError('usage', `there is no password for ${username}`, {
    hint: `Put it into ${PASSWORD_VARIABLE}, or name its file with --password-file.`,
  });
}

async function readPassword(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CliError('file_unreadable', `${file}: cannot be read`, { cause });
  }
}

function parseNamespace(text: string): string {
  if (NAMESPACE.test(text)) return text;
  throw new InvalidArgumentError('It must be small letters, digits, dots and underscores, at most 100.');
}

function parseTime(text: string): string {
  if (/^[1-9]\d{0,5}[dhm]$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a whole number of days, hours or minutes: 365d, 12h, 30m.');
}
