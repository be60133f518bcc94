import type { EntryKind } from '@spanledger/ledger/verify';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, collect, parseQuorum, type SourceOptions } from '../options.ts';
import type { ComparedIndex } from './verify-index.ts';

/** What `verify` is asked. */
export interface VerifyOptions extends SourceOptions {
  /** A verification key, or the file that holds it. */
  vkey?: string;
  /** The file with what the log states about its keys. */
  keys?: string;
  /** The file with the record's proof. */
  proof?: string;
  /** Files with checkpoints that were kept. */
  known?: string[];
  /** The directory with checkpoints that the log was anchored by. */
  anchors?: string;
  /** Verification keys of witnesses, or files that hold them. */
  witness?: string[];
  /** How many of them must have signed. */
  quorum?: number;
  /** The index that is compared with the ledger too; `true` is the embedded one, with sessions and vault. */
  index?: ComparedIndex | true;
  /** The file that holds how far the verification has come. */
  resume?: string;
  /** False: the log is of software that keeps no history of its checkpoints. */
  history?: boolean;
  /** What the entries are taken for; undefined is `records`. */
  entries?: EntryKind;
}

/** `spanledger verify`: the whole ledger, or records that were copied out of an index. */
export function addVerify(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .summary('verify the ledger, or records')
    .description(
      'Without a file: verifies the whole ledger, every entry, hash and signature, and lists whatever is wrong and\n' +
        'where. Only the public files are read: no secret key is needed.\n' +
        'With a file: verifies records that were copied out of an index, every field of them.\n' +
        'With --index: also compares the index, the sessions and the vault of a data directory with its ledger, by\n' +
        'building them anew beside it. This takes the keys of the directory. With --index elasticsearch: holds every\n' +
        'document there to its record, and every record to its document.',
    )
    .argument('[file]', 'one record as JSON, or one a line; - is standard input')
    .option(
      '--vkey <key>',
      'a verification key of the log, or the file that holds it, kept from before (default: the log’s own)',
    )
    .option(
      '--keys <file>',
      'for a record, of a log that has changed its key: its file keys (default: asked from the log)',
    )
    .option('--proof <file>', 'the record’s proof, from spanledger proof (default: asked from the log)')
    .option(
      '--known <file>',
      'a checkpoint kept from before; the log must continue it (may be repeated)',
      collect,
    )
    .option('--anchors <dir>', 'checkpoints that the log was anchored by; it must continue each of them')
    .option(
      '--witness <key>',
      'the key of a witness, or a file with one a line; its cosignature is looked for (may be repeated)',
      collect,
    )
    .option(
      '--quorum <n>',
      'how many of the witnesses must have signed; 0 only tells who did (default: more than half)',
      parseQuorum,
    )
    .addOption(
      new Option(
        '--index [which]',
        'also compare an index with the ledger: embedded (the default) with sessions and vault, or elasticsearch',
      ).choices(['embedded', 'elasticsearch']),
    )
    .option(
      '--resume <file>',
      'keep in this file how far the verification has come, and go on from there if it was interrupted',
    )
    .option('--no-history', 'for a log of other software, which keeps no history of its checkpoints')
    .addOption(
      new Option(
        '--entries <kind>',
        'what the entries are: records, or, for a log of other software, opaque bytes, of which only tree and ' +
          'signature are checked (default: records)',
      ).choices(['records', 'opaque']),
    );
  addExamples(addSourceOptions(command), [
    'spanledger verify',
    'spanledger verify --data ./data --vkey ledger.vkey --known checkpoint-of-january',
    'spanledger verify --data ./data --anchors /mnt/anchors',
    'spanledger verify --url https://audit.example --json',
    'spanledger verify --data ./data --index',
    'spanledger verify --data ./data --index elasticsearch',
    'spanledger verify --witness witnesses.vkeys --quorum 2',
    'spanledger verify --url https://other.example/log --vkey other.vkey --entries opaque --no-history',
    'spanledger verify record.json',
    'spanledger verify record.json --proof record.tlog-proof --vkey ledger.vkey',
    "spanledger search --json --limit 1000 'user.id:alice' | spanledger verify -",
  ]).action(async (file: string | undefined, options: VerifyOptions) => {
    if (file !== undefined && options.known !== undefined) {
      throw new CliError('usage', '--known belongs to the verification of a whole ledger, not of a record');
    }
    if (file !== undefined && options.resume !== undefined) {
      throw new CliError('usage', '--resume belongs to the verification of a whole ledger, not of a record');
    }
    if (file !== undefined && options.index !== undefined) {
      throw new CliError('usage', '--index belongs to the verification of a whole ledger, not of a record');
    }
    if (file !== undefined && options.history === false) {
      throw new CliError(
        'usage',
        '--no-history belongs to the verification of a whole ledger, not of a record',
      );
    }
    if (options.quorum !== undefined && options.witness === undefined) {
      throw new CliError('usage', '--quorum needs the witnesses, each with --witness');
    }
    if (file !== undefined && options.entries !== undefined) {
      throw new CliError('usage', '--entries belongs to the verification of a whole ledger, not of a record');
    }
    if (file !== undefined && options.anchors !== undefined) {
      throw new CliError('usage', '--anchors belongs to the verification of a whole ledger, not of a record');
    }
    if (file === undefined && options.keys !== undefined) {
      throw new CliError(
        'usage',
        '--keys belongs to the verification of a record; a whole ledger brings its own',
      );
    }
    if (file === undefined && options.proof !== undefined) {
      throw new CliError('usage', '--proof needs the record that it proves', {
        hint: 'For example: spanledger verify record.json --proof record.tlog-proof',
      });
    }
    if (file === undefined) await (await import('./verify-ledger.ts')).verifyWholeLedger(options, context);
    else await (await import('./verify-records.ts')).verifyRecords(file, options, context);
  });
}
