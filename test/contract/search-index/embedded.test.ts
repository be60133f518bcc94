import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openEmbeddedIndex } from '../../../packages/exporter/src/search/index.ts';
import { describeSearchIndex } from './suite.ts';

describeSearchIndex('embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-index-'));
  const file = join(directory, 'index', 'index.db');
  return {
    open: () => openEmbeddedIndex({ file, key: new Uint8Array(32).fill(7) }),
    clear: () => rm(directory, { recursive: true, force: true }),
  };
});
