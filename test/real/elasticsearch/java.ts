import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where the packages of distributions and the installers of vendors put it. */
const FOLDERS = ['/usr/lib/jvm', '/opt', '/Library/Java/JavaVirtualMachines'];
/** `jdk.attach` is what a JDK has and a JRE may lack. */
const WANTED = /^jdk\.attach@(2[1-9]|[3-9]\d)/m;

let found: Promise<string> | undefined;

/**
 * The home of a Java development kit that Elasticsearch 9 can run on.
 *
 * @throws Error where there is none; says what to do
 */
export function javaHome(): Promise<string> {
  return (found ??= search());
}

async function search(): Promise<string> {
  const candidates = [process.env['ES_JAVA_HOME'], process.env['JAVA_HOME']];
  for (const folder of FOLDERS) {
    const entries = await readdir(folder).catch((): string[] => []);
    candidates.push(...entries.map((entry) => join(folder, entry)));
  }
  for (const candidate of candidates) {
    if (candidate !== undefined && (await isWanted(candidate))) return candidate;
  }
  throw new Error(
    'There is no JDK of Java 21 or newer on this machine, which Elasticsearch runs on: install one (with the module jdk.attach, so no JRE) and name its home in ES_JAVA_HOME.',
  );
}

async function isWanted(home: string): Promise<boolean> {
  try {
    const { stdout } = await run(join(home, 'bin/java'), ['--list-modules']);
    return WANTED.test(stdout);
  } catch {
    return false;
  }
}
