import type { Worker } from 'node:worker_threads';
import { loadConfig, startService } from '@spanledger/audit-exporter';

const MEANT: ReadonlySet<string> = new Set(['SPANLEDGER_FOUR_EYES', 'SPANLEDGER_POLICY_FILE']);

const threads: Worker[] = [];
process.on('worker', (thread) => {
  threads.push(thread);
  thread.once('exit', () => threads.splice(threads.indexOf(thread), 1));
});
// One of its threads ends in the middle of whatever it does.
process.on('SIGUSR2', () => {
  const thread = threads[Math.floor(Math.random() * threads.length)];
  if (thread === undefined) return;
  process.stdout.write(`ending ${thread.threadName}\n`);
  void thread.terminate();
});

// The service as a process of its own, for tests that kill it. Its segments are short, so that kills also hit the vault.
const [, , dataDirectory, port] = process.argv;
if (dataDirectory === undefined) throw new TypeError('no data directory');
const service = await startService(
  loadConfig({
    directory: dataDirectory,
    env: {
      ...passedOn(),
      SPANLEDGER_LOG_LEVEL: 'error',
      SPANLEDGER_PUBLISH_INTERVAL_MS: '20',
      SPANLEDGER_SEGMENT_MAX_AGE_MS: '100',
    },
    flags: { dataDirectory, port: Number(port ?? 0) },
  }),
);
process.stdout.write(`listening ${service.url}\n`);

function passedOn(): NodeJS.ProcessEnv {
  const given = Object.entries(process.env);
  const isMeant = (name: string): boolean => name.startsWith('SPANLEDGER_ELASTICSEARCH_') || MEANT.has(name);
  return Object.fromEntries(given.filter(([name]) => isMeant(name)));
}
