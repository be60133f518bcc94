import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '@spanledger/audit-exporter';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { openAlertList } from '../../../packages/exporter/src/alerts/index.ts';
import { dataDirectory } from '../../../packages/exporter/src/data-directory.ts';
import { FollowerThreads } from '../../../packages/exporter/src/followers/index.ts';
import { PublishedSize } from '../../../packages/exporter/src/followers/published-size.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';
import { loadIndexKey, loadKek } from '../../../packages/exporter/src/privacy/index.ts';
import { RequestLoad } from '../../../packages/exporter/src/request-load.ts';
import { openSearchIndex } from '../../../packages/exporter/src/search/index.ts';
import { openSessions } from '../../../packages/exporter/src/sessions/index.ts';

// The threads of the followers, and nothing else of the service: what following takes of the memory is to be measured.

const [, , root] = process.argv;
if (root === undefined) throw new TypeError('no data directory');
const config = loadConfig({ directory: root, env: {}, flags: { dataDirectory: root } });
const paths = dataDirectory(root);
const { size } = await new LedgerReader(fileTiles(paths.ledger)).checkpoint();
const ledger = new PublishedSize();
const { sessions, elasticsearch, alerts, deliver, completeness } = config;
const threads = await FollowerThreads.start({
  data: {
    dataDirectory: root,
    requestLoad: new RequestLoad().memory,
    environmentKek: undefined,
    sessions,
    elasticsearch,
    alerts,
    deliver,
    completeness,
  },
  ledger,
  log: createLog({ level: 'warn', format: 'json' }),
});
const key = await loadIndexKey(paths.indexKeyFile, await loadKek(paths.kekFile, undefined, false), false);
const openings = { read: () => Promise.resolve(new Map()) };
const followers = [
  openSessions({ file: paths.sessionsFile, key, openings, readOnly: true }),
  openAlertList({ file: paths.alertsFile, key }),
  openSearchIndex({ file: paths.indexFile, key, openings, readOnly: true }),
];
process.once('SIGUSR2', () => {
  ledger.set(size);
});
process.stdout.write('ready\n');
while (followers.some((follower) => follower.position() < size)) await delay(50);
process.stdout.write('reached\n');
process.once('SIGTERM', () => {
  for (const follower of followers) follower.close();
  threads.stop().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
});
