import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import { JsonRequests } from '../../../../packages/exporter/src/receive/json/json-requests.ts';
import { decodeJsonTraceRequest } from '../../../../packages/exporter/src/receive/json/otlp-json.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  type SpanGroup,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { type IntakeWay, makeIntakeWay } from '../receive/intake-way.ts';
import { writeJson } from '../receive/json-spans.ts';
import { requestsOfOneApplication } from '../receive/wire-spans.ts';

/** SPANLEDGER_FUZZ_SECONDS: 600 for a script; a run of the tests has other things to do, too. */
const FUZZ_MS = Number(process.env['SPANLEDGER_FUZZ_SECONDS'] ?? 3) * 1000;
/** Nothing that fits into a request may take longer. */
const MAX_REQUEST_MS = 5_000;
const DAMAGES_PER_REQUEST = 40;

const keys = new KeyTable();
const requests = new JsonRequests(keys);

/** Where something stands in a text. */
interface Place {
  start: number;
  end: number;
}

/** Where the parts of a JSON text are. */
interface Parts {
  /** Values of members and items of lists, whatever is in them. */
  values: Place[];
  names: Place[];
  members: Place[];
}

/** Values that are hardly ever where they belong, and those at the end of what belongs there. */
const ODD =
  String.raw`null true false 0 -0 -1 1.0 1e3 1e400 -1E-7 01 1. .5 - + 1e 0x10 NaN Infinity 4294967295 4294967296
  999999999999999 9007199254740991 9007199254740993 12345678901234567890 99999999999999999999 100000000000000000000
  9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615
  18446744073709551616 "9223372036854775807" "9223372036854775808" "-9223372036854775808" "-9223372036854775809"
  "18446744073709551615" "18446744073709551616" "-0" "007" "00000000000000000001" "000000000000000000001" "1.5" "1e3"
  "NaN" "Infinity" "-Infinity" "nan" "" "AA==" "AA" "A" "-_8" "*" "AA=A" "\ud800" "\udc00\ud800" "\ud83d\ude00" "\ud83dx"
  "\x" "\u12" "\u00e9\n\/" "\u0000" "a${'\t'}b" "00000000000000000000000000000000" "0000000000000000"
  "0AF7651916CD43DD8448EB211C80319C" "b7ad6b716920333" "b7ad6b7169203331" "B7AD6B716920333\u0031" {} [] [null] [[]] {"a":{}}
  {"stringValue":"a","intValue":"1"} {"stringValue":null,"intValue":"1"} {"stringValue":"a","later":1}
  {"intValue":"1","doubleValue":"x"} {"arrayValue":{"values":[null,{}]}} {"arrayValue":{"values":{}}} {"arrayValue":null}
  {"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":1}},{}]}} {"bytesValue":"AA=="} {"bytesValue":"\/w=="}
  {"key":"k","value":null} {"value":{"stringValue":"v"},"key":"k"} {"key":"k","key":"l"} {"code":2,"message":"m","x":[]}`
    .trim()
    .split(/\s*\n\s*|(?<![:,]) (?![:,])/);

/** What is done to a text. */
type Damage = (text: string, parts: Parts) => string | Buffer;

const DAMAGES: readonly Damage[] = [
  (text) => text.slice(0, randomInt(text.length)),
  (text) => {
    const bytes = Buffer.from(text);
    const at = randomInt(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInt(8));
    return bytes;
  },
  (text) =>
    insert(
      text,
      randomInt(text.length),
      pick([' ', '\n', '\u000b', '\ufeff', '{', ']', ',', ':', '"', '\\', '0']),
    ),
  (text, { values }) => put(text, pick(values), pick(ODD)),
  (text, { values }) => put(text, pick(values), pick(ODD)),
  (text, { values }) => put(text, pick(values), deepValue(12 + randomInt(8))),
  (text, { values }) => put(text, pick(values), '['.repeat(randomInt(90)) + ']'.repeat(randomInt(90))),
  (text, { values }) => put(text, pick(values), textAt(text, pick(values))),
  // A member twice, a member left out, a member of something else, a name of something else.
  (text, { members }) => {
    const member = pick(members);
    return insert(text, member.end, `,${textAt(text, member)}`);
  },
  (text, { members }) => {
    const { start, end } = pick(members);
    return text.slice(0, start) + text.slice(text[end] === ',' ? end + 1 : end);
  },
  (text, { members }) => put(text, pick(members), textAt(text, pick(members))),
  (text, { members }) => insert(text, pick(members).start, `"later":${pick(ODD)},`),
  (text, { names }) => put(text, pick(names), textAt(text, pick(names))),
  (text, { names }) =>
    put(text, pick(names), pick(['"\\u006bey"', '"intValue"', '"__proto__"', '""', 'name', '"a\\"b"'])),
];

test(
  'damaged OTLP/JSON is refused for the same reason, or gives the same, with objects and without',
  () => {
    const until = performance.now() + FUZZ_MS;
    let [refused, accepted, transcoded, longest] = [0, 0, 0, 0];
    while (performance.now() < until) {
      for (const [request] of fc.sample(requestsOfOneApplication, 4)) {
        if (request === undefined || request.length === 0) continue;
        const spans = settle(() => decodeTraceRequest(request, keys));
        if (typeof spans === 'string') continue;
        // A whole request takes long to damage in one span.
        const few = spans.map((group) => ({ ...group, spans: group.spans.slice(0, 12) }));
        const text = writeJson(few, () => 0);
        const parts = partsOf(text);
        const fast = makeIntakeWay();
        const objects = makeIntakeWay();
        // The damage meets what was learned from the whole message.
        for (let times = 0; times < 3; times++) {
          readBoth(Buffer.from(otherStream(text)), fast, objects);
        }
        for (let i = 0; i < DAMAGES_PER_REQUEST; i++) {
          const damage = pick(DAMAGES)(otherStream(text), parts);
          const damaged = typeof damage === 'string' ? Buffer.from(damage) : damage;
          const { one, other, ms, isTranscoded } = readBoth(damaged, fast, objects);
          longest = Math.max(longest, ms);
          if (!isSame(one, other)) expect({ damaged: damaged.toString(), one }).toEqual({ other });
          if (typeof one === 'string') refused++;
          else accepted++;
          if (isTranscoded) transcoded++;
        }
      }
    }
    expect(Math.min(refused, accepted, transcoded)).toBeGreaterThan(0);
    expect(longest).toBeLessThan(MAX_REQUEST_MS);
  },
  FUZZ_MS + 60_000,
);

function readBoth(
  body: Buffer,
  fast: IntakeWay,
  objects: IntakeWay,
): {
  one: Read;
  other: Read;
  ms: number;
  isTranscoded: boolean;
} {
  let groups: readonly SpanGroup[] = [];
  const begin = performance.now();
  const one = settle(() => fast.read((groups = requests.read(body))));
  const ms = performance.now() - begin;
  const other = settle(() => objects.read(decodeJsonTraceRequest(body)));
  return { one, other, ms, isTranscoded: groups.some((group) => 'reader' in group) };
}

/** Finds the parts of a text that is valid. */
function partsOf(text: string): Parts {
  const parts: Parts = { values: [], names: [], members: [] };
  const open: { start: number; isObject: boolean; member: number }[] = [];
  const endValue = (start: number, end: number): void => {
    parts.values.push({ start, end });
    const around = open.at(-1);
    if (around?.isObject === true) parts.members.push({ start: around.member, end });
  };
  for (const { 0: token, index: start } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    const end = start + token.length;
    const around = open.at(-1);
    if (token === '{' || token === '[') open.push({ start, isObject: token === '{', member: -1 });
    else if (token === '}' || token === ']') {
      open.pop();
      endValue(around?.start ?? 0, end);
    } else if (token === ',' && around !== undefined) around.member = -1;
    else if (token === ':' || token === ',') continue;
    else if (around?.isObject === true && around.member < 0) {
      around.member = start;
      parts.names.push({ start, end });
    } else endValue(start, end);
  }
  return parts;
}

function deepValue(levels: number): string {
  if (levels === 0) return '{"intValue":"1"}';
  return randomInt(2) === 0
    ? `{"arrayValue":{"values":[${deepValue(levels - 1)}]}}`
    : `{"kvlistValue":{"values":[{"key":"k","value":${deepValue(levels - 1)}}]}}`;
}

/** The same spans of another producer, so that they are new where the producer numbers them. */
function otherStream(text: string): string {
  return text.replace('producer-1', String(randomInt(1_000_000_000)).padStart(10, '0'));
}

function put(text: string, { start, end }: Place, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

function insert(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

function textAt(text: string, { start, end }: Place): string {
  return text.slice(start, end);
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[randomInt(items.length)];
  if (item === undefined) throw new TypeError('nothing to pick from');
  return item;
}

/** What came of it, or what was said against it. */
function settle<Result>(work: () => Result): Result | string {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExporterError)) throw error;
    expect(error.code).toMatch(/^request_(malformed|too_large)$/);
    return error.message;
  }
}

type Read = ReturnType<IntakeWay['read']> | string;

function isSame(one: Read, other: Read): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return (
    one.count === other.count &&
    Buffer.compare(one.bytes, other.bytes) === 0 &&
    Buffer.compare(one.openings, other.openings) === 0
  );
}
