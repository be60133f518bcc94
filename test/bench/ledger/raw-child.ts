// The raw limit: one process that writes some bytes and makes them durable by fdatasync, over and over, and does
// nothing else. Prints one line of JSON. Arguments: file, bytes of a write, "extend" (the file grows with each write) or
// "overwrite" (its blocks are there already), milliseconds to warm up, milliseconds measured.
import { constants, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { sideOf } from './side.ts';

/** How large the file gets before writing goes on at its beginning. */
const FILE_BYTES = 64 * 1024 * 1024;

const [path = '', size = '', mode = '', ...times] = process.argv.slice(2);
const [warmUpMs = 0, measuredMs = 0] = times.map(Number);
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC;
let file = openSync(path, flags, 0o644);
if (mode === 'overwrite') {
  const zeros = new Uint8Array(1024 * 1024);
  for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
  fdatasyncSync(file);
}
const bytes = new Uint8Array(Number(size)).fill(0x7a);
const begin = performance.now() + warmUpMs;
const end = begin + measuredMs;
const latenciesMs: number[] = [];
for (let at = 0; ; at += bytes.length) {
  if (at + bytes.length > FILE_BYTES) {
    at = 0;
    if (mode === 'extend') file = openSync(path, flags, 0o644);
  }
  const started = performance.now();
  writeSync(file, bytes, 0, bytes.length, at);
  fdatasyncSync(file);
  const ended = performance.now();
  if (ended > end) break;
  if (ended > begin) latenciesMs.push(ended - started);
}
process.stdout.write(`${JSON.stringify(sideOf(latenciesMs, measuredMs))}\n`);
