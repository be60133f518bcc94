import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce } from '../../support/apps/build-once.ts';
import type { Running } from '../door.ts';

const PACKAGE = 'prometheus-alertmanager';
const FOLDER = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'spanledger/real',
  `debian-${PACKAGE}`,
);
const START_TIMEOUT_MS = 30_000;
const LISTENING = /msg="Listening on" address=(127\.0\.0\.1:\d+)/;
const KEPT_OUTPUT = 20_000;

/** Debian's build reads its templates from /usr/share, where the package is not installed: there it sees its own. */
const SEE_ITS_OWN = 'mount --bind "$1/usr/share" /usr/share && shift && exec "$@"';

const run = promisify(execFile);

/**
 * Fetches Debian's Alertmanager (10 MB, by apt), unless an earlier run did; nothing is installed.
 *
 * @returns the folder of what is in the package
 */
export async function unpackAlertmanager(): Promise<string> {
  await buildOnce(FOLDER, async (empty) => {
    process.stderr.write('Fetching Alertmanager …\n');
    const download = join(empty, 'download');
    await mkdir(download);
    const fetchPackage = (): Promise<unknown> => run('apt-get', ['download', PACKAGE], { cwd: download });
    // A new machine does not know yet what there is.
    await fetchPackage().catch(async () => {
      await run('apt-get', ['update', '-qq']);
      await fetchPackage();
    });
    const [archive] = await readdir(download);
    if (archive === undefined) throw new Error(`apt did not bring ${PACKAGE}`);
    await run('dpkg', ['-x', join(download, archive), empty]);
    await rm(download, { recursive: true });
  });
  return FOLDER;
}

/**
 * Starts an Alertmanager on loopback that tells a webhook of each alert at once, and of its end.
 *
 * @returns its address
 */
export async function startAlertmanager(webhook: string): Promise<Running> {
  const unpacked = await unpackAlertmanager();
  const folder = await mkdtemp(join(tmpdir(), 'spanledger-alertmanager-'));
  const config = join(folder, 'alertmanager.yml');
  await writeFile(
    config,
    `route: { receiver: hook, group_by: [alert_id], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: '${webhook}', send_resolved: true }] }]
`,
  );
  const program = [
    join(unpacked, 'usr/bin/prometheus-alertmanager'),
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--cluster.listen-address=',
  ];
  const child = spawn('unshare', ['-rm', 'sh', '-c', SEE_ITS_OWN, 'sh', unpacked, ...program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill();
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { address: await readAddress(child), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readAddress(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  const listen = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    const address = LISTENING.exec(output)?.[1];
    if (address !== undefined) resolve(`http://${address}`);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  child.once('error', reject);
  child.once('exit', () => {
    reject(new Error(`Alertmanager did not start:\n${output}`));
  });
  const timer = setTimeout(() => {
    reject(new Error(`Alertmanager did not listen in ${START_TIMEOUT_MS / 1000} s:\n${output}`));
  }, START_TIMEOUT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
