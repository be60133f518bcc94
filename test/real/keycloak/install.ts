import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce } from '../../support/apps/build-once.ts';

export const KEYCLOAK_VERSION = '26.7.3';

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spanledger/real');
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:tar.gz`;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

const run = promisify(execFile);

/**
 * Fetches Keycloak (176 MB, by Maven) and prepares it to start quickly, unless an earlier run did.
 *
 * @returns its folder
 */
export async function installKeycloak(): Promise<string> {
  const folder = join(CACHE, `keycloak-${KEYCLOAK_VERSION}`);
  await buildOnce(folder, async (empty) => {
    process.stderr.write(`Fetching Keycloak ${KEYCLOAK_VERSION} …\n`);
    const download = join(empty, 'download');
    await mkdir(download);
    const maxBuffer = MAX_OUTPUT_BYTES;
    await run('mvn', ['-B', '-ntp', '-q', COPY, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${download}`], {
      cwd: download,
      maxBuffer,
    });
    const [archive] = await readdir(download);
    if (archive === undefined) throw new Error(`Maven did not bring ${ARTIFACT}`);
    await run('tar', ['xzf', join(download, archive), '-C', empty, '--strip-components=1']);
    await run('rm', ['-r', download]);
    process.stderr.write('Preparing it …\n');
    await run(
      join(empty, 'bin/kc.sh'),
      ['build', '--db=dev-mem', '--health-enabled=true', '--cache=local', '--http-relative-path=/'],
      { maxBuffer },
    );
  });
  return folder;
}
