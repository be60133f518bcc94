import { createSecretKey } from 'node:crypto';
import { dataDirectory } from '../../../packages/exporter/src/data-directory.ts';
import { loadKek, rotateKek } from '../../../packages/exporter/src/privacy/index.ts';

// Changes the key-encryption key, and is dead after the named step: kill -9 by its own hand, so that it hits just there.
const [, , directory, kek, step] = process.argv;
if (directory === undefined || kek === undefined) throw new TypeError('no data directory, or no key');
const paths = dataDirectory(directory);
await rotateKek({
  paths,
  rotation: {
    id: `killed after ${step}`,
    at: new Date().toISOString(),
    from: 'file',
    to: 'environment',
    size: 0,
  },
  from: await loadKek(paths.kekFile, undefined, false),
  to: createSecretKey(Buffer.from(kek, 'base64')),
  onStep: (reached) => {
    if (reached === step) process.kill(process.pid, 'SIGKILL');
  },
});
