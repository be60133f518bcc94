import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Service, startService } from '@spanledger/audit-exporter';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { verifyConsistency, verifyInclusion } from '@spanledger/ledger/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/cli/process.ts';
import { goProgram } from '../support/go/go-program.ts';
import { runFsck } from '../support/go/run-program.ts';
import { type ChildProgram, startProgram } from '../support/go/child-program.ts';
import {
  makeDataDirectory,
  sendTraces,
  testConfig,
  verifyDirectory,
  waitFor,
} from '../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../support/exporter/spans.ts';
import { ask } from './support/ask.ts';
import { readWith, type ForeignReport } from './support/readers.ts';

const SIZES = [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 100_000];
const SPANS_PER_REQUEST = 2048;

/** A log that a real service writes and serves, and that others read while it grows. */
let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let files: ChildProgram;
let vkey: string;
let vkeyPath: string;
/** The same log, by the ways there are to it. */
let urls: string[];
const sender = createSender('shop');

beforeAll(async () => {
  data = await makeDataDirectory();
  const config = testConfig(data.path);
  // The sizes are those of the table, with nothing in between that follows from the spans.
  service = await startService({ ...config, alerts: { ...config.alerts, isEnabled: false } });
  files = startProgram(await goProgram('serve-files'), ['-dir', join(data.path, 'ledger')]);
  vkeyPath = join(data.path, 'ledger.vkey');
  vkey = (await readFile(vkeyPath, 'utf8')).trim();
  urls = [`file://${join(data.path, 'ledger')}`, await files.line(), service.url];
});

afterAll(async () => {
  await files[Symbol.asyncDispose]();
  await service.close();
  await data.remove();
});

describe.each(SIZES)('a log of %i records', (size) => {
  beforeAll(() => growTo(size));

  it('passes the fsck of Tessera, and is verified by us, with the same root', async () => {
    const ours = await verifyDirectory(data.path);
    expect(ours).toMatchObject({ ok: true, size, verified: size });
    await Promise.all(
      urls.map(async (url) => {
        const { ok, verdict } = await runFsck(url, vkeyPath);
        expect(verdict, url).toContain(`with size ${size} and root ${ours.root}`);
        expect(ok, url).toBe(true);
      }),
    );
  });

  it.each(['read-log', 'tessera-client'] as const)(
    'is read whole by %s, whose proofs of it are good to us',
    async (reader) => {
      const reports = await Promise.all(urls.map((url) => readWith(reader, url, vkey)));
      for (const report of reports) {
        expect(report).toMatchObject({ origin: service.origin, size, entries: size });
        checkProofs(report);
      }
    },
  );
});

describe('a copy of the log', () => {
  it('is verified by the command, from a static file server and from a folder', async () => {
    const [, staticUrl = ''] = urls;
    for (const where of [
      ['--url', staticUrl],
      ['--data', join(data.path, 'ledger')],
    ]) {
      const { status, stdout } = await runCommand(['verify', ...where, '--vkey', vkeyPath, '--json']);
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, entries: 'records', size: SIZES.at(-1) });
    }
  });
});

describe('a service', () => {
  it('gives proofs that hold for tlog and merkle, by the API and on the command line', async () => {
    const reader = new LedgerReader(fileTiles(join(data.path, 'ledger')));
    const claims = [];
    for (const index of [0, 254, 255, 256, 257, 65_535, 65_536, 70_001, 99_998]) {
      const response = await fetch(`${service.url}/api/records/${index}/proof`);
      expect(response.status).toBe(200);
      claims.push(await claimOf(reader, index, await response.text()));
    }
    const { stdout } = await runCommand(['proof', '99999', '--url', service.url]);
    claims.push(await claimOf(reader, 99_999, stdout));
    expect(await ask('check-proofs', claims)).toEqual(claims.map(() => ''));
  });
});

async function claimOf(reader: LedgerReader, index: number, proof: string): Promise<string> {
  const entry = Buffer.from((await reader.entry(index)) ?? []).toString('base64');
  return JSON.stringify({ vkey, proof, entry });
}

/** Sends spans until the log holds so many records, all of them published. */
async function growTo(size: number): Promise<void> {
  for (let missing = size - service.sizes().durable; missing > 0; missing -= SPANS_PER_REQUEST) {
    const attributes = sessionAttributes('alice', 'sid-alice');
    const spans = Array.from({ length: Math.min(missing, SPANS_PER_REQUEST) }, () =>
      sender.span({ attributes }),
    );
    expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  }
  await waitFor('publication', () => service.sizes().published === size);
}

function checkProofs({ size, root, inclusion, consistency }: ForeignReport): void {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  for (const { index, leaf, hashes } of inclusion) {
    const proof = { index, size, leafHash: bytes(leaf), hashes: hashes.map(bytes) };
    expect(verifyInclusion(proof, bytes(root)), `entry ${index} of ${size}`).toBe(true);
  }
  const second = { size, root: bytes(root) };
  for (const { first, root: firstRoot, hashes } of consistency) {
    const proof = { first: { size: first, root: bytes(firstRoot) }, second, hashes: hashes.map(bytes) };
    expect(verifyConsistency(proof), `${first} to ${size}`).toBe(true);
  }
  expect(inclusion.length).toBeGreaterThanOrEqual(Math.min(size, 20));
  expect(consistency.length).toBeGreaterThanOrEqual(Math.min(size, 20));
}
