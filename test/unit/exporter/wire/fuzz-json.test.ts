import { randomInt } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonRequests } from '../../../../packages/exporter/src/receive/json/json-requests.ts';
import { decodeJsonTraceRequest } from '../../../../packages/exporter/src/receive/json/otlp-json.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  type SpanGroup,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { type IntakeWay, makeIntakeWay } from '../receive/intake-way.ts';
import {
  deepValue,
  insert,
  type JsonParts,
  ODD_VALUES,
  partsOf,
  put,
  textAt,
} from '../receive/json-damage.ts';
import { writeJson } from '../receive/json-spans.ts';
import { isSame, type Read, settle } from '../receive/read-comparison.ts';
import { requestsOfOneApplication } from '../receive/wire-spans.ts';

/** SPANLEDGER_FUZZ_SECONDS: 300 by `npm run prove`. */
const FUZZ_MS = Number(process.env['SPANLEDGER_FUZZ_SECONDS'] ?? 3) * 1000;
/** Nothing that fits into a request may take longer. */
const MAX_REQUEST_MS = 5_000;
const DAMAGES_PER_REQUEST = 80;
const MAX_SPANS = 4;

const keys = new KeyTable();
const requests = new JsonRequests(keys);

/** What is done to a text. */
type Damage = (text: string, parts: JsonParts) => string | Buffer;

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
  (text, { values }) => put(text, pick(values), pick(ODD_VALUES)),
  (text, { values }) => put(text, pick(values), pick(ODD_VALUES)),
  (text, { values }) =>
    put(
      text,
      pick(values),
      deepValue(12 + randomInt(8), () => randomInt(2) === 0),
    ),
  (text, { values }) => put(text, pick(values), '['.repeat(randomInt(90)) + ']'.repeat(randomInt(90))),
  (text, { values }) => put(text, pick(values), textAt(text, pick(values))),
  // A member twice, a member left out, a member of something else, a name of something else.
  (text, { members }) => {
    const member = pick(members);
    return insert(text, member.end, `,${textAt(text, member)}`);
  },
  (text, { members }) => {
    const { end, name } = pick(members);
    return insert(text, end, `,${name}:${pick(ODD_VALUES)}`);
  },
  (text, { members }) => {
    const { start, end } = pick(members);
    return text.slice(0, start) + text.slice(text[end] === ',' ? end + 1 : end);
  },
  (text, { members }) => put(text, pick(members), textAt(text, pick(members))),
  (text, { members }) => insert(text, pick(members).start, `"later":${pick(ODD_VALUES)},`),
  (text, { names }) => put(text, pick(names), textAt(text, pick(names))),
  (text, { names }) =>
    put(text, pick(names), pick(['"\\u006bey"', '"intValue"', '"__proto__"', '""', 'name', '"a\\"b"'])),
];

test(
  'damaged OTLP/JSON is refused for the same reason, or gives the same, with objects and without',
  async () => {
    const until = performance.now() + FUZZ_MS;
    let [refused, accepted, transcoded, longest] = [0, 0, 0, 0];
    while (performance.now() < until) {
      // The runner takes a test that never lets it have a word for one that hangs.
      await turn();
      for (const [request] of fc.sample(requestsOfOneApplication, 4)) {
        if (request === undefined || request.length === 0) continue;
        const spans = settled(() => decodeTraceRequest(request, keys));
        if (typeof spans === 'string') continue;
        // The fewer spans there are, the more damages come.
        const few = spans.map((group) => ({ ...group, spans: group.spans.slice(0, MAX_SPANS) }));
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
          if (!isSame(one, other))
            expect({ damaged: damaged.toString(), one: textOf(one) }).toEqual({ other: textOf(other) });
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
  const one = settled(() => fast.read((groups = requests.read(body))));
  const ms = performance.now() - begin;
  const other = settled(() => objects.read(decodeJsonTraceRequest(body)));
  return { one, other, ms, isTranscoded: groups.some((group) => 'reader' in group) };
}

/** The same spans of another producer, so that they are new where the producer numbers them. */
function otherStream(text: string): string {
  return text.replace('producer-1', String(randomInt(1_000_000_000)).padStart(10, '0'));
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[randomInt(items.length)];
  if (item === undefined) throw new TypeError('nothing to pick from');
  return item;
}

/** What came of it, or the message that it was refused with. */
function settled<Result>(work: () => Result): Result | string {
  return settle(work, ({ message }) => message);
}

function textOf(read: Read): string {
  return typeof read === 'string' ? read : `${read.bytes.toString()}${read.openings.toString()}`;
}
