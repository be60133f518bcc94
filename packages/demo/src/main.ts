#!/usr/bin/env node
import { colored, plain } from 'spanledger/output';
import { runDemo } from './demo.ts';
import { describeFailure } from './failure.ts';
import { readOptions } from './options.ts';
import { Progress } from './progress.ts';

const asked = readOptions(process.argv.slice(2));
if ('options' in asked) {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const progress = new Progress((line) => process.stderr.write(`${line}\n`));
  const print = (text: string): unknown => process.stdout.write(text);
  const paint = process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? colored : plain;
  process.exitCode = await runDemo(asked.options, { print, progress, paint }, stop.signal).catch(
    (error: unknown) => describeFailure(error, asked.options.json),
  );
} else {
  (asked.exitCode === 0 ? process.stdout : process.stderr).write(asked.text);
  process.exitCode = asked.exitCode;
}
