import { goProgram } from '../../support/go/go-program.ts';
import { runProgram, type ProgramResult } from '../../support/go/run-program.ts';

/** A proof of one entry, made by other software; bytes are in base64. */
export interface ForeignInclusion {
  index: number;
  leaf: string;
  hashes: string[];
}

/** A proof that the log continues a smaller tree, made by other software; bytes are in base64. */
export interface ForeignConsistency {
  first: number;
  root: string;
  hashes: string[];
}

/** What other software read of a log, and the proofs that it made of it. */
export interface ForeignReport {
  origin: string;
  size: number;
  root: string;
  /** How many it read. */
  entries: number;
  inclusion: ForeignInclusion[];
  consistency: ForeignConsistency[];
}

/** A Go program of this folder that reads a whole log. */
export type Reader = 'read-log' | 'tessera-client';

/** Has a Go program read a log, whatever comes of it. */
export async function runReader(
  name: Reader,
  url: string,
  vkey: string,
  more: readonly string[] = [],
): Promise<ProgramResult> {
  return await runProgram(await goProgram(name), ['-url', url, '-vkey', vkey, ...more]);
}

/**
 * Has a Go program read a log.
 *
 * @throws Error with what it said, where it found anything wrong
 */
export async function readWith(
  name: Reader,
  url: string,
  vkey: string,
  more: readonly string[] = [],
): Promise<ForeignReport> {
  const { status, stdout, stderr } = await runReader(name, url, vkey, more);
  if (status !== 0) throw new Error(`${name} of ${url} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
