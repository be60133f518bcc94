import { parseArgs } from 'node:util';

/** What the demo was asked to do. */
export interface DemoOptions {
  /** Exit when everything was shown, instead of serving on. */
  readonly once: boolean;
  /** One JSON object on standard output instead of text. */
  readonly json: boolean;
  /** Where to keep what is made; a temporary directory, removed at the end, if absent. */
  readonly data: string | undefined;
  /** The audit exporter's port; 0 takes a free one. */
  readonly port: number;
  /** For the tests: where to write every secret that passed through anybody's hands, as a JSON list. */
  readonly secretsFile: string | undefined;
}

/** Options, or a text to print and the status to exit with. */
export type OptionsResult =
  { readonly options: DemoOptions } | { readonly text: string; readonly exitCode: 0 | 2 };

/** What `--help` prints. */
export const HELP = `Usage: npm start -- [options]

Starts an OpenID provider, a shop, an audit exporter, and people who use the shop; shows what was
recorded of them, and proves it. Then goes on serving until Ctrl-C.

Options:
  --once       exit when everything was shown: 0 if every expected record was found and verified, else 1
  --json       print one JSON object instead of text (progress goes to standard error)
  --data DIR   keep what is made: the log in DIR/ledger, its verification key in DIR/ledger.vkey
  --port N     the audit exporter's port (default: a free one)
  --help       this text

Examples:
  npm start
  npm start -- --once --data ./audit
  npm start -- --once --json > demo.json
`;

const MAX_PORT = 65_535;

/** @param args the command line, without node and script */
export function readOptions(args: readonly string[]): OptionsResult {
  try {
    const { values } = parseArgs({
      // npm and pnpm differ in whether they hand on the "--" that ends their own options.
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        data: { type: 'string' },
        port: { type: 'string', default: '0' },
        help: { type: 'boolean', default: false },
        'secrets-file': { type: 'string' },
      },
    });
    if (values.help) return { text: HELP, exitCode: 0 };
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : MAX_PORT + 1;
    if (port > MAX_PORT) return refuse(`--port takes a number from 0 to ${MAX_PORT}, not "${values.port}"`);
    if (values.data === '') return refuse('--data takes a directory');
    return { options: { ...values, port, data: values.data, secretsFile: values['secrets-file'] } };
  } catch (error) {
    if (error instanceof TypeError) return refuse(error.message);
    throw error;
  }
}

function refuse(reason: string): OptionsResult {
  return { text: `${reason}\nTry: npm start -- --help\n`, exitCode: 2 };
}
