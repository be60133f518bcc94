import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, generateSigner, memoryEpochKeys, openLedger, type NoteSigner } from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDataDirectory } from '../support/exporter/service.ts';
import { runFsck } from '../support/go/run-program.ts';
import { makeBatch } from '../support/ledger/batches.ts';
import { runReader } from './support/readers.ts';
import { TAMPERINGS } from './support/tamperings.ts';
import type { TamperedLog } from './support/tampering.ts';

const SMALL = 700;
/** Two hashes on level 2, the second of them of few entries. */
const DEEP = 65_536 + 700;

const DOCUMENT = new URL('../../docs/publishing-a-log.md', import.meta.url);
const START =
  '<!-- what others find: start; written by UPDATE_DOCS=1 vitest run test/interop/tampering.test.ts -->\n<!-- prettier-ignore-start -->';
const END = '<!-- prettier-ignore-end -->\n<!-- what others find: end -->';
const HEAD =
  '| what was done to the log | Tessera `fsck` | `sumdb/tlog` | Tessera `client`, with the last checkpoint kept | `spanledger verify` |\n| --- | --- | --- | --- | --- |';

/** What nobody has tampered with. */
interface SoundLog {
  size: number;
  directory: string;
  earlier: string;
}

const signer: NoteSigner = generateSigner('example.com/log');
let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let vkeyPath: string;
let small: SoundLog;
let deep: SoundLog;

beforeAll(async () => {
  scratch = await makeDataDirectory();
  vkeyPath = join(scratch.path, 'log.vkey');
  await writeFile(vkeyPath, `${signer.vkey}\n`);
  small = await writeLog('small', SMALL);
  deep = await writeLog('deep', DEEP);
});

afterAll(() => scratch.remove());

describe('a log with which nobody has tampered', () => {
  it('is found right by all', async () => {
    for (const log of [small, deep]) {
      const found = await findings(await copyLog(log, 'sound'));
      expect(found).toEqual({ fsck: undefined, tlog: undefined, client: undefined, ours: [] });
    }
  });
});

describe('a log with', () => {
  it.each(TAMPERINGS)('$name', async ({ name, isDeep = false, change, ...expected }) => {
    const log = await copyLog(isDeep ? deep : small, name);
    await change(log);
    const found = await findings(log);
    for (const tool of ['fsck', 'tlog', 'client'] as const) {
      if (expected[tool] === undefined) expect(found[tool], tool).toBeUndefined();
      else expect(found[tool], tool).toContain(expected[tool]);
    }
    expect(found.ours).toEqual(expected.ours);
  });
});

describe('docs/publishing-a-log.md', () => {
  it('lists what each tool finds', async () => {
    const rows = TAMPERINGS.map(({ name, fsck, tlog, client, ours }) => {
      const said = [fsck, tlog, client].map((words) => (words === undefined ? '—' : `\`${words}\``));
      return `| ${[name, ...said, ours.map((code) => `\`${code}\``).join(', ')].join(' | ')} |`;
    });
    const text = await readFile(DOCUMENT, 'utf8');
    const [before = '', rest = ''] = text.split(START);
    const [, after = ''] = rest.split(END);
    const expected = `${before}${START}\n\n${HEAD}\n${rows.join('\n')}\n\n${END}${after}`;
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(DOCUMENT, expected);
    else expect(text).toBe(expected);
  });
});

/** A log with two checkpoints before its last one. */
async function writeLog(name: string, size: number): Promise<SoundLog> {
  const directory = join(scratch.path, name);
  const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys(), publishIntervalMs: 20 });
  await ledger.append(makeBatch({ count: 50, label: name }));
  await ledger.published(50);
  const earlier = ledger.checkpoint();
  await ledger.append(makeBatch({ count: 50, label: `${name}-50` }));
  await ledger.published(100);
  for (let at = 100; at < size;) {
    const count = Math.min(10_000, size - at);
    await ledger.append(makeBatch({ count, label: `${name}-${at}` }));
    at += count;
  }
  await ledger.close();
  return { size, directory: join(directory, 'ledger'), earlier };
}

async function copyLog({ size, directory, earlier }: SoundLog, name: string): Promise<TamperedLog> {
  const copy = join(scratch.path, 'copies', `${size} ${name}`.replace(/[^a-z0-9]+/g, '-'));
  await cp(directory, copy, { recursive: true });
  const keptPath = `${copy}.kept`;
  await cp(join(directory, 'checkpoint'), keptPath);
  return { directory: copy, size, signer, earlier, keptPath };
}

/** What everybody says of a log. */
async function findings({ directory, keptPath }: TamperedLog): Promise<{
  fsck: string | undefined;
  tlog: string | undefined;
  client: string | undefined;
  ours: string[];
}> {
  const url = `file://${directory}`;
  const fsck = await runFsck(url, vkeyPath);
  const tlog = await runReader('read-log', url, signer.vkey);
  const client = await runReader('tessera-client', url, signer.vkey, ['-known', keptPath]);
  const ours = await verifyLedger({ source: fileTiles(directory), vkey: signer.vkey });
  return {
    fsck: fsck.ok ? undefined : fsck.verdict,
    tlog: tlog.status === 0 ? undefined : tlog.stderr,
    client: client.status === 0 ? undefined : client.stderr,
    ours: [...new Set(ours.failures.map(({ code }) => code))],
  };
}
