import { readFile } from 'node:fs/promises';
import { parseVerificationKey } from '@spanledger/ledger/directory';
import { isJsonObject, type JsonObject } from '@spanledger/record/canonical-json';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';
import { parseStrictJson } from './strict-json.ts';

/** The name that stands for standard input. */
const STANDARD_INPUT = '-';

/** What stands beside `_source` in a search hit of Elasticsearch. */
const HIT_MEMBERS: ReadonlySet<string> = new Set([
  '_id',
  '_ignored',
  '_index',
  '_primary_term',
  '_routing',
  '_score',
  '_seq_no',
  '_source',
  '_version',
  'fields',
  'highlight',
  'sort',
]);

/** What looks like a verification key, so that no file of that name is looked for. */
const IS_VKEY = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/;

const VKEY_HINT = 'Give the line that stands in ledger.vkey, or the name of a file that holds it.';

/** Reads a file that the command line names; `-` is standard input. */
export async function readInputFile(name: string, context: Context): Promise<string> {
  if (name === STANDARD_INPUT) return context.readInput();
  try {
    return await readFile(name, 'utf8');
  } catch (cause) {
    throw new CliError('file_unreadable', `${name} cannot be read`, { cause });
  }
}

/**
 * Reads a verification key from a file, or from the text itself where that is one.
 *
 * @param value - what `--vkey` was given
 * @throws CliError `usage` where it is neither
 */
export async function readVkey(value: string, context: Context): Promise<string> {
  const text = (IS_VKEY.test(value) ? value : await readNamedFile('--vkey', value, context)).trim();
  const key = parseVerificationKey(text);
  if (key.ok) return text;
  throw new CliError('usage', `--vkey ${describe(value)} holds no verification key: ${key.detail}`, {
    hint: VKEY_HINT,
  });
}

async function readNamedFile(option: string, name: string, context: Context): Promise<string> {
  try {
    return await readInputFile(name, context);
  } catch (cause) {
    throw new CliError(
      'usage',
      `${option} ${JSON.stringify(name)} is neither a key nor a file that can be read`,
      {
        cause,
        hint: VKEY_HINT,
      },
    );
  }
}

/**
 * Reads the keys of witnesses from files that hold one a line, or from the texts themselves where they are such keys.
 *
 * @param values - what `--witness` was given, each time
 * @throws CliError `usage` where one is neither
 */
export async function readWitnessKeys(values: readonly string[], context: Context): Promise<string[]> {
  const vkeys: string[] = [];
  for (const value of values) {
    const text = IS_VKEY.test(value) ? value : await readNamedFile('--witness', value, context);
    const lines = text.split('\n').map((line) => line.trim());
    for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
      const key = parseVerificationKey(line, 'cosignature');
      if (!key.ok) {
        throw new CliError('usage', `--witness ${describe(value)} holds no key of a witness: ${key.detail}`, {
          hint: 'Give the line that spanledger witness prints, or a file that holds such lines.',
        });
      }
      vkeys.push(line);
    }
  }
  return vkeys;
}

/**
 * Reads documents: one JSON object, a list of them, or one a line as `--json` prints them. A search hit of
 * Elasticsearch or Kibana is taken by its `_source`.
 *
 * @param name - the file, for messages
 * @throws CliError `input_malformed`; `input_ambiguous` where the file says something that verifying it would not see
 */
export function parseDocuments(text: string, name: string): JsonObject[] {
  const whole = parseJson(text, describe(name));
  const values = whole === undefined ? parseLines(text, name) : Array.isArray(whole) ? whole : [whole];
  if (values.length === 0) throw new CliError('input_malformed', `${describe(name)} holds no record`);
  return values.map((value, at) => {
    if (isJsonObject(value)) return unwrapHit(value, name);
    throw new CliError('input_malformed', `item ${at + 1} of ${describe(name)} is no JSON object`, {
      hint: 'A record is one JSON object, as spanledger show prints it or as it stands in the index.',
    });
  });
}

function parseLines(text: string, name: string): unknown[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, at) => {
    if (line === '') return [];
    const value = parseJson(line, `line ${at + 1} of ${describe(name)}`);
    if (value !== undefined) return [value];
    throw new CliError('input_malformed', `line ${at + 1} of ${describe(name)} is not JSON`, {
      hint: 'Give one JSON document, or one a line.',
    });
  });
}

/** A search hit's record. What stands beside it is not verified, so it may be nothing that looks like a record's. */
function unwrapHit(value: JsonObject, name: string): JsonObject {
  const source = value['_source'];
  if (!isJsonObject(source)) return value;
  const foreign = Object.keys(value).find((member) => !HIT_MEMBERS.has(member));
  if (foreign === undefined) return source;
  const member = JSON.stringify(foreign.slice(0, 200));
  throw new CliError('input_ambiguous', `${describe(name)} has the member ${member} beside _source`, {
    hint: 'It is not part of the record in _source. Give that alone, or the search hit as it was found.',
  });
}

/** JSON has no undefined, which therefore can say that the text is none. */
function parseJson(text: string, place: string): unknown {
  const json = parseStrictJson(text);
  if (json.kind === 'value') return json.value;
  if (json.kind === 'none') return undefined;
  throw new CliError('input_ambiguous', `${place} is not taken: ${json.reason}`, {
    hint: 'Other readers would see another record there. Give the record as spanledger show prints it.',
  });
}

function describe(name: string): string {
  return name === STANDARD_INPUT ? 'standard input' : name;
}
