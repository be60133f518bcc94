import { randomInt } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { makeIntakeWay } from '../receive/intake-way.ts';
import { isSame, settle } from '../receive/read-comparison.ts';
import { requestsOfOneApplication } from '../receive/wire-spans.ts';

/** SPANLEDGER_FUZZ_SECONDS: 600 by `npm run prove`; a run of the tests has other things to do, too. */
const FUZZ_MS = Number(process.env['SPANLEDGER_FUZZ_SECONDS'] ?? 4) * 1000;
/** Nothing that fits into a request may take longer. */
const MAX_REQUEST_MS = 5_000;
/** What is still held once all was collected. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const DAMAGES_PER_REQUEST = 40;

const keys = new KeyTable();

/** What is done to a message; the places are those of its fields, as far as they can be told. */
type Damage = (message: Buffer, fields: readonly Field[]) => Buffer;

interface Field {
  /** Offset of its tag. */
  tag: number;
  /** Offset of its length; where it has none, of its content. */
  length: number;
  /** Offset just past it. */
  end: number;
}

const bit: Damage = (message) => {
  const damaged = Buffer.from(message);
  const at = randomInt(message.length);
  damaged[at] = (damaged[at] ?? 0) ^ (1 << randomInt(8));
  return damaged;
};
const DAMAGES: readonly Damage[] = [
  (message) => message.subarray(0, randomInt(message.length)),
  bit,
  bit,
  // A field twice, a field left out, a field where another stood.
  (message, fields) => {
    const { tag, end } = pick(fields);
    return Buffer.concat([message.subarray(0, end), message.subarray(tag)]);
  },
  (message, fields) => {
    const { tag, end } = pick(fields);
    return Buffer.concat([message.subarray(0, tag), message.subarray(end)]);
  },
  (message, fields) => {
    const [one, other] = [pick(fields), pick(fields)];
    const field = message.subarray(other.tag, other.end);
    return Buffer.concat([message.subarray(0, one.tag), field, message.subarray(one.end)]);
  },
  // Groups, fields that nobody knows, numbers that never end.
  (message, fields) => insert(message, pick(fields).tag, [0x0b, 0x0c]),
  (message, fields) => insert(message, pick(fields).tag, [0xf8, 0x7f, 0x01]),
  (message, fields) => insert(message, pick(fields).tag, [0x30, ...Array.from({ length: 11 }, () => 0xff)]),
  // Lengths that say too much, or take more bytes than they need.
  (message, fields) => {
    const { length } = pick(fields);
    return Buffer.concat([
      message.subarray(0, length),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
      message.subarray(length + 1),
    ]);
  },
  (message, fields) => {
    const { length } = pick(fields);
    const first = message[length] ?? 0;
    return Buffer.concat([
      message.subarray(0, length),
      Buffer.from([first | 0x80, 0x00]),
      message.subarray(length + 1),
    ]);
  },
];

test(
  'a damaged request is refused as a whole, or gives what objects give, by either way',
  async () => {
    const until = performance.now() + FUZZ_MS;
    const before = heldBytes();
    let [refused, accepted, longest] = [0, 0, 0];
    while (performance.now() < until) {
      // The runner takes a test that never lets it have a word for one that hangs.
      await turn();
      for (const [request] of fc.sample(requestsOfOneApplication, 4)) {
        if (request === undefined || request.length === 0) continue;
        const fields = fieldsOf(Buffer.from(request), 0, request.length, 0);
        const wire = makeIntakeWay();
        const objects = makeIntakeWay();
        // The damage meets what was learned from the whole message.
        settled(() => wire.read(outlineTraceRequest(request, keys)));
        settled(() => objects.read(decodeTraceRequest(request, keys)));
        for (let i = 0; i < DAMAGES_PER_REQUEST; i++) {
          let damaged = otherStream(Buffer.from(request));
          for (let times = 1 + randomInt(2); times > 0 && damaged.length > 0; times--)
            damaged = pick(DAMAGES)(damaged, fields);
          const begin = performance.now();
          const one = settled(() => wire.read(outlineTraceRequest(damaged, keys)));
          longest = Math.max(longest, performance.now() - begin);
          const other = settled(() => objects.read(decodeTraceRequest(damaged, keys)));
          if (!isSame(one, other)) expect({ damaged: damaged.toString('hex'), one }).toEqual({ other });
          if (typeof one === 'string') refused++;
          else accepted++;
        }
      }
    }
    expect(Math.min(refused, accepted)).toBeGreaterThan(0);
    expect(longest).toBeLessThan(MAX_REQUEST_MS);
    expect(heldBytes() - before).toBeLessThan(MAX_HELD_BYTES);
  },
  FUZZ_MS + 60_000,
);

/** Not the resident memory: how much of that is garbage is up to the collector, and to what ran here before. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  // What the first finds dead is given back beside it, and that the second waits for.
  void runInNewContext('gc(); gc();');
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function insert(message: Buffer, at: number, bytes: readonly number[]): Buffer {
  return Buffer.concat([message.subarray(0, at), Buffer.from(bytes), message.subarray(at)]);
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[randomInt(items.length)];
  if (item === undefined) throw new TypeError('nothing to pick from');
  return item;
}

/** The same spans of another producer, so that they are new where the producer numbers them. */
function otherStream(message: Buffer): Buffer {
  const at = message.indexOf('producer-1');
  if (at >= 0) message.write(String(randomInt(1_000_000_000)).padStart(10, '0'), at);
  return message;
}

/** The fields of a message and of the messages in it: what is no message is found out by not being one. */
function fieldsOf(bytes: Buffer, start: number, end: number, depth: number): Field[] {
  const fields: Field[] = [];
  let at = start;
  while (at < end) {
    const tag = at++;
    if ((bytes[tag] ?? 0) > 0x7f) at++;
    const type = (bytes[tag] ?? 0) & 7;
    const length = at;
    if (type === 0) while ((bytes[at++] ?? 0) > 0x7f);
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      let [size, shift] = [0, 0];
      do size |= ((bytes[at] ?? 0) & 0x7f) << (7 * shift++);
      while ((bytes[at++] ?? 0) > 0x7f);
      if (size < 0 || size > end - at) return [];
      if (depth < 8) fields.push(...fieldsOf(bytes, at, at + size, depth + 1));
      at += size;
    } else return [];
    if (at > end) return [];
    fields.push({ tag, length, end: at });
  }
  return fields;
}

/** What came of it, or the code that it was refused with. */
function settled<Result>(work: () => Result): Result | string {
  return settle(work, ({ code }) => code);
}
