import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isNewEnough, NODE_LEAST, renderTooOld } from '../../../packages/cli/src/node-version.ts';

describe('the Node that runs the command', () => {
  it('is new enough or not', () => {
    for (const good of ['22.15.0', '22.16.1', '24.0.0', '26.1.0']) expect(isNewEnough(good), good).toBe(true);
    for (const old of ['22.14.9', '20.20.2', '18.0.0', '9.9.9']) expect(isNewEnough(old), old).toBe(false);
  });

  it('is what package.json asks for', async () => {
    const manifest = await readFile(new URL('../../../packages/cli/package.json', import.meta.url), 'utf8');
    expect(JSON.parse(manifest)).toHaveProperty('engines.node', `>=${NODE_LEAST}`);
  });

  it('is told what is missing, in the form that was asked for', () => {
    expect(renderTooOld('20.9.0', false)).toMatch(
      /^spanledger: needs Node >= 22\.15; this is v20\.9\.0\n.+\n$/,
    );
    expect(JSON.parse(renderTooOld('20.9.0', true))).toHaveProperty('error.code', 'node_too_old');
  });

  it('is asked before anything is loaded that it may not have', async () => {
    const main = await readFile(new URL('../../../packages/cli/src/main.ts', import.meta.url), 'utf8');
    expect(main.match(/^import .*/gm)).toEqual([
      "import { isNewEnough, renderTooOld } from './node-version.ts';",
    ]);
    const asked = await readFile(
      new URL('../../../packages/cli/src/node-version.ts', import.meta.url),
      'utf8',
    );
    expect(asked).not.toMatch(/^import /m);
  });
});
