import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startService } from '@spanledger/audit-exporter';
import type { Service } from '@spanledger/audit-exporter';
import { closeDocument, isJsonObject, type JsonObject } from '@spanledger/record';
import { verifyDocument } from '@spanledger/ledger/verify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPrivacyDesk } from '../../../packages/exporter/src/remote-privacy.ts';
import { connectArchive } from '../../../packages/exporter/src/remote-archive.ts';
import { alice, bob, ISSUER, visit } from '../../integration/exporter-api/support/people.ts';
import { sendTraces, waitFor } from '../../support/exporter/service.ts';
import { toProtobuf } from '../../support/exporter/spans.ts';
import { type AuditStream, makeAuditStream } from './audit-stream.ts';
import { sharedElasticsearch } from './shared.ts';

/** Documents are written, searchable and merged away within this time. */
const SETTLED_MS = 60_000;

/** Elasticsearch keeps what was deleted a little longer for its replicas, and lets go of it when they have caught up. */
const MERGED_MS = 90_000;

let audit: AuditStream;
let folder: string;
let service: Service;

beforeAll(async () => {
  audit = await makeAuditStream(await sharedElasticsearch());
  folder = await mkdtemp(join(tmpdir(), 'spanledger-real-'));
  const env = {
    SPANLEDGER_LOG_LEVEL: 'silent',
    SPANLEDGER_PUBLISH_INTERVAL_MS: '50',
    SPANLEDGER_FOUR_EYES: 'false',
    SPANLEDGER_ELASTICSEARCH_URL: audit.url,
    SPANLEDGER_ELASTICSEARCH_NAMESPACE: audit.namespace,
  };
  service = await startService(
    loadConfig({ directory: folder, env, flags: { dataDirectory: join(folder, 'data'), port: 0 } }),
  );
});

afterAll(async () => {
  await service?.close();
  await audit?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function documents(): Promise<JsonObject[]> {
  await audit.client.indices.refresh({ index: audit.stream });
  const { hits } = await audit.client.search({ index: audit.stream, size: 1000 });
  return hits.hits.flatMap(({ _source }) => (isJsonObject(_source) ? [_source] : []));
}

async function send(...spans: Parameters<typeof toProtobuf>[0][]): Promise<void> {
  const { ok } = await sendTraces(service.url, toProtobuf(spans.flat()));
  if (!ok) throw new Error('the service refused spans');
  const { durable } = service.sizes();
  await waitFor('Elasticsearch', async () => (await documents()).length >= durable, SETTLED_MS);
}

/** All that is copied of sessions. */
async function sessions(): Promise<string> {
  await audit.client.indices.refresh({ index: audit.sessions });
  return JSON.stringify((await audit.client.search({ index: audit.sessions, size: 1000 })).hits.hits);
}

/** Whether a file of the stream's backing indices holds a text. */
async function isOnDisk(text: string): Promise<boolean> {
  const { nodes } = await audit.client.nodes.info({ metric: 'settings' });
  const settings = await audit.client.indices.getSettings({ index: [audit.stream, audit.sessions] });
  const uuids = Object.values(settings).map((index) => index.settings?.index?.uuid ?? 'none');
  for (const { settings: node } of Object.values(nodes)) {
    const data = JSON.parse(JSON.stringify(node)).path.data;
    for (const root of [data].flat()) {
      for (const uuid of uuids) {
        const directory = join(root, 'indices', uuid);
        const files = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
        for (const file of files.filter((one) => one.isFile())) {
          const bytes = await readFile(join(file.parentPath, file.name)).catch(() => Buffer.alloc(0));
          if (bytes.includes(text)) return true;
        }
      }
    }
  }
  return false;
}

it('takes a person out of every backing index; the documents that are left verify, and so do all the others', async () => {
  await send(visit(alice, 3), visit(bob, 3));
  await audit.client.indices.rollover({ alias: audit.stream });
  await send(visit(alice, 2));
  const before = await documents();
  expect(JSON.stringify(before)).toContain(alice.name);
  await audit.client.indices.flush({ index: audit.stream, force: true });
  expect(await isOnDisk(alice.id)).toBe(true);
  await waitFor('her session to be copied', async () => (await sessions()).includes(alice.name), MERGED_MS);
  const desk = connectPrivacyDesk(service.url);
  const { id } = await desk.requestErasure({ id: alice.id, issuer: ISSUER }, 'Art. 17 request 2026-18');
  await waitFor('the erasure', async () => (await desk.erasure(id)).state === 'completed', MERGED_MS);
  const { counts, reference } = await desk.erasure(id);
  expect(counts?.elasticsearch).toBe(counts?.records);
  const after = await documents();
  const copied = await sessions();
  expect(copied).toContain(bob.name);
  for (const text of [alice.id, alice.sid, alice.name]) expect(copied, text).not.toContain(text);
  for (const text of [alice.id, alice.sid, alice.name, alice.address]) {
    expect(JSON.stringify(after), text).not.toContain(text);
    const { hits } = await audit.client.search({ index: audit.stream, q: JSON.stringify(text) });
    expect(hits.hits).toEqual([]);
  }
  // What it holds of the others is what it held.
  const ofBob = (found: JsonObject[]): JsonObject[] =>
    found.filter((document) => JSON.stringify(document).includes(bob.id));
  expect(ofBob(after)).toHaveLength(ofBob(before).length);
  const archive = connectArchive(service.url);
  const vkey = await archive.vkey();
  const hers = after.filter((document) => JSON.stringify(document).includes(reference));
  expect(hers.length).toBeGreaterThan(8);
  for (const document of hers) {
    const { record, openings } = closeDocument(document);
    if (JSON.stringify(record).includes('privacy.erasure')) continue;
    expect(openings).toEqual({});
    const { audit: place } = JSON.parse(JSON.stringify(record));
    const proof = (await archive.proof(String(place.ledger.index))) ?? '';
    expect(verifyDocument({ document, proof, vkey }).failures).toEqual([]);
  }
  // Merged away: the old versions are in no file.
  await waitFor(
    'the files to be merged',
    async () => {
      for (const text of [alice.id, alice.sid, alice.address]) {
        if (!(await isOnDisk(text))) continue;
        await audit.client.indices.forcemerge({ index: [audit.stream, audit.sessions], max_num_segments: 1 });
        await audit.client.indices.flush({ index: [audit.stream, audit.sessions], force: true });
        return false;
      }
      return true;
    },
    MERGED_MS,
  );
}, 240_000);
