import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSearchIndex } from '../../../../packages/exporter/src/search/index.ts';
import { parseQuery } from '../../../../packages/exporter/src/search/query/index.ts';
import { recordOf } from '../../../support/exporter/embedded-index.ts';

it('takes in no opened groups of who is erased, though they are on their way still', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-follow-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const erased = new Set(['erased']);
  const index = openSearchIndex({
    file: join(directory, 'index.db'),
    key: new Uint8Array(32),
    openings: {
      read: () => Promise.resolve(new Map([0, 1].map((at) => [at, recordOf(at, 'alice').openings]))),
    },
    isErased: (reference) => erased.has(reference),
  });
  onTestFinished(() => {
    index.close();
  });
  const entries = ['erased', 'another'].map((id, at) => {
    return Buffer.from(JSON.stringify({ ...recordOf(at, 'alice').document, audit: { actor: { id } } }));
  });
  await index.process({ first: 0, entries });
  const found = await index.candidates({ query: parseQuery('user.id:alice'), order: 'asc', limit: 10 });
  expect(found.indexes).toEqual([1]);
});
