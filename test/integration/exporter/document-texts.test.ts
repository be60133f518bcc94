import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataDirectory } from '@spanledger/audit-exporter';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { DocumentTexts } from '../../../packages/exporter/src/document-texts.ts';
import { DocumentReader } from '../../../packages/exporter/src/documents.ts';
import { openStoredOpenings } from '../../../packages/exporter/src/privacy/index.ts';
import { makeDataDirectory, sendTraces, startTestService } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const RECORDS = 300;

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let openings: Awaited<ReturnType<typeof openStoredOpenings>>;

beforeAll(async () => {
  data = await makeDataDirectory();
  const service = await startTestService(data.path);
  const sender = createSender('shop');
  const spans = Array.from({ length: RECORDS }, (_, i) =>
    sender.span({
      name: 'GET /orders/{id}',
      attributes: {
        ...sessionAttributes(`person ${i % 7}`, `session ${i % 9}`),
        'http.request.method': 'GET',
        'url.path': `/orders/${i} "ä"`,
        'client.address': '10.1.2.3',
      },
    }),
  );
  await sendTraces(service.url, toProtobuf(spans));
  await service.close();
  openings = await openStoredOpenings(dataDirectory(data.path), undefined);
});

afterAll(async () => {
  openings.close();
  await data.remove();
});

function open(): { texts: DocumentTexts; documents: DocumentReader } {
  const reader = new LedgerReader(fileTiles(dataDirectory(data.path).ledger));
  return { texts: new DocumentTexts(reader, openings), documents: new DocumentReader(reader, openings) };
}

const textsOf = async (texts: DocumentTexts, from: number, to: number): Promise<string[]> =>
  (await texts.readTexts(from, to)).map(({ json }) => Buffer.from(json).toString());

test('texts are those of the documents that are shown', async () => {
  const { texts, documents } = open();
  for (const [from, to] of [
    [0, RECORDS],
    [250, 260],
    [RECORDS - 1, RECORDS],
    [3, 3],
  ] as const) {
    const shown = await documents.readRange(from, to);
    expect(await textsOf(texts, from, to)).toEqual(shown.map((document) => JSON.stringify(document)));
    const hashes = (await texts.readTexts(from, to)).map(({ hash }) => hash);
    expect(shown).toMatchObject(hashes.map((hash) => ({ audit: { integrity: { hash } } })));
  }
});

test('an entry that is not what was appended is parsed before it is passed on', async () => {
  const file = join(dataDirectory(data.path).ledger, 'tile/entries/000');
  const sound = await readFile(file);
  const altered = Buffer.from(
    sound.toString('latin1').replace('"module":"spanledger"', '"module": "panledger"'),
    'latin1',
  );
  expect(altered.equals(sound)).toBe(false);
  await writeFile(file, altered);
  try {
    const { texts, documents } = open();
    const [shown] = await documents.readRange(0, 1);
    expect(await textsOf(texts, 0, 2)).toContain(JSON.stringify(shown));
  } finally {
    await writeFile(file, sound);
  }
});
