import { readTokens } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import {
  addTokenOptions,
  describeToken,
  stateOf,
  tokensDirectory,
  type TokenOptions,
} from './token-options.ts';
import { addTokenChanges } from './tokens-change.ts';

const COLUMNS = [
  { title: 'ID', maxWidth: 10 },
  { title: 'ROLE', maxWidth: 13 },
  { title: 'STATE', maxWidth: 8 },
  { title: 'EXPIRES', maxWidth: 10 },
  { title: 'SERVICES', maxWidth: 40 },
  { title: 'NAME', maxWidth: 30 },
];

/** `spanledger tokens`: who may send records to the service, and who may read them. */
export function addTokens(program: Command, context: Context): void {
  const command = program
    .command('tokens')
    .summary('make, list, rotate and revoke tokens')
    .description(
      'Lists the tokens of a data directory: who may send records to its service, and who may read them. Of each only ' +
        'its SHA-256 is kept. As soon as there is one, the service lets nobody in without.',
    )
    .enablePositionalOptions()
    .action((options: TokenOptions) => {
      listTokens(options, context);
    });
  addTokenChanges(command, context);
  const list = addTokenOptions(command.command('list').summary('list all tokens, those that have ended too'));
  addExamples(list.description('Lists all tokens of a data directory, those that have ended too.'), [
    'spanledger tokens list',
    'spanledger tokens list --json',
  ]).action((options: TokenOptions) => {
    listTokens(options, context);
  });
  addExamples(addTokenOptions(command), [
    'spanledger tokens',
    'spanledger tokens create --role sender --service shop --expires 90d',
    'spanledger tokens create --role auditor --out ~/.spanledger-token',
    'spanledger tokens rotate 3f9k2m1x0a --overlap 7d',
    'spanledger tokens revoke 3f9k2m1x0a',
  ]);
}

function listTokens(options: TokenOptions, context: Context): void {
  const { root, tokens } = tokensDirectory(options, context);
  const found = readTokens(tokens);
  const nowMs = context.now();
  if (options.json === true) {
    for (const token of found) context.out(renderJsonLine(describeToken(token, nowMs)));
    return;
  }
  if (found.length === 0) {
    context.out(`There are no tokens in ${root}. Make one with: spanledger tokens create --role …\n`);
    return;
  }
  const rows = found.map((token) => {
    const state = stateOf(token, nowMs);
    return [
      token.id,
      token.role,
      state === 'active' ? { text: state, tone: 'good' as const } : { text: state, tone: 'warning' as const },
      token.expires?.slice(0, 'yyyy-mm-dd'.length) ?? 'never',
      token.services.join(' '),
      token.name ?? '',
    ];
  });
  context.out(renderTable(COLUMNS, rows, context.paint));
}
