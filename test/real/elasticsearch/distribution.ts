import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildOnce } from '../../support/apps/build-once.ts';
import { javaHome } from './java.ts';

const run = promisify(execFile);

/** What pom.xml fetches. */
const VERSION = '9.4.3';
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spanledger/real');
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** A gigabyte comes over the network the first time. */
const MAX_FETCH_MS = 560_000;
/** They reach for hosts outside, which a test must not. */
const UNWANTED_MODULES = [
  'x-pack-inference',
  'x-pack-geoip-enterprise-downloader',
  'x-pack-migrate',
  'rank-vectors',
  'old-lucene-versions',
];
const PLUGIN = 'test-data-streams';

/**
 * The unpacked Elasticsearch, fetched the first time and kept outside the checkout; several processes may ask at once.
 *
 * It has the plugin of `data-streams-plugin/`, which serves the `_data_stream` calls that this distribution lacks.
 */
export async function elasticsearchHome(): Promise<string> {
  const home = join(CACHE, `elasticsearch-${VERSION}`);
  await buildOnce(home, install);
  return home;
}

async function install(empty: string): Promise<void> {
  process.stderr.write(`Fetching Elasticsearch ${VERSION} (1 GB, once) …\n`);
  const started = performance.now();
  const unpacked = await mkdtemp(join(CACHE, 'unpack-'));
  try {
    const fetching = [
      '-B',
      '-q',
      '-f',
      join(HERE, 'pom.xml'),
      'generate-resources',
      `-Dunpack.folder=${unpacked}`,
    ];
    await run('mvn', fetching, { timeout: MAX_FETCH_MS });
    const [folder = ''] = (await readdir(unpacked)).filter((name) => name.startsWith('sonarqube-'));
    await rm(empty, { recursive: true });
    await rename(join(unpacked, folder, 'elasticsearch'), empty);
  } finally {
    await rm(unpacked, { recursive: true, force: true, maxRetries: 5 });
  }
  for (const name of UNWANTED_MODULES)
    await rm(join(empty, 'modules', name), { recursive: true, force: true });
  await buildPlugin(empty);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stderr.write(`Elasticsearch ${VERSION} is in ${CACHE} (${seconds} s)\n`);
}

async function buildPlugin(home: string): Promise<void> {
  const jdk = await javaHome();
  const classes = await mkdtemp(join(tmpdir(), 'spanledger-plugin-'));
  try {
    const source = join(HERE, 'data-streams-plugin/DataStreamsRestPlugin.java');
    const compiling = ['-nowarn', '--release', '21', '-proc:none', '-cp', join(home, 'lib/*'), '-d', classes];
    await run(join(jdk, 'bin/javac'), [...compiling, source]);
    const folder = join(home, 'plugins', PLUGIN);
    await mkdir(folder, { recursive: true });
    const jar = join(folder, `${PLUGIN}.jar`);
    await run(join(jdk, 'bin/jar'), ['--create', '--file', jar, '-C', classes, '.']);
    const descriptor = {
      description: "The _data_stream calls over the server's own data stream code",
      version: VERSION,
      name: PLUGIN,
      classname: 'spanledger.test.DataStreamsRestPlugin',
      'java.version': '21',
      'elasticsearch.version': VERSION,
    };
    const lines = Object.entries(descriptor).map(([key, value]) => `${key}=${value}\n`);
    await writeFile(join(folder, 'plugin-descriptor.properties'), lines.join(''));
  } finally {
    await rm(classes, { recursive: true, force: true });
  }
}
