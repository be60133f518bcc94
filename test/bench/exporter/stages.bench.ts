import { createCipheriv, createSecretKey, randomBytes as drawBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigner, memoryEpochKeys, memoryStorage, openLedger } from '@spanledger/ledger';
import {
  buildEntryBatch,
  mapSpan,
  type EntryBatch,
  type RecordDraft,
  type ReferencedDraft,
} from '@spanledger/record';
import { onTestFinished, test } from 'vitest';
import { Minimiser } from '../../../packages/exporter/src/minimisation/index.ts';
import { Vault, VaultSealer } from '../../../packages/exporter/src/privacy/index.ts';
import {
  randomBytes,
  sha256,
  sha256Base64url,
} from '../../../packages/exporter/src/receive/record-crypto.ts';
import { KeyTable } from '../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { ORDINARY } from '../ordinary-attributes.ts';
import { describeMachine, median, printLines } from '../statistics.ts';

const ROUNDS = 9;
const REQUESTS = 20;
const SPANS_PER_REQUEST = 512;
const SPANS = REQUESTS * SPANS_PER_REQUEST;
const PEOPLE = 500;

const CONSTANT = new Uint8Array(32);
const FREE = {
  randomBytes: (sizeBytes: number): Uint8Array => CONSTANT.subarray(0, sizeBytes),
  sha256: (): Uint8Array => CONSTANT,
  sha256Base64url: (): string => 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
};
const REAL = { randomBytes, sha256, sha256Base64url };

function makeRequests(): Uint8Array[] {
  const sender = createSender('shop');
  return Array.from({ length: REQUESTS }, (_, r) =>
    toProtobuf(
      Array.from({ length: SPANS_PER_REQUEST }, (_unused, s) => {
        const person = (r * 31 + s) % PEOPLE;
        return sender.span({
          attributes: { ...sessionAttributes(`user-${person}`, `session-${person}`), ...ORDINARY },
        });
      }),
    ),
  );
}

/** Processor time of this thread, nanoseconds a span. */
async function cost(work: () => Promise<void> | void): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1000) / SPANS;
}

/** A reference for each name, as the service finds it in its cache. */
function referencer(): (draft: RecordDraft) => ReferencedDraft {
  const references = new Map<string, string>();
  const of = (name: string): string => {
    const known = references.get(name) ?? drawBytes(16).toString('base64url');
    references.set(name, known);
    return known;
  };
  return (draft) => ({
    draft,
    actorRef: of(`actor ${draft.subject?.id}`),
    ...(draft.session !== undefined && { sessionRef: of(`session ${draft.session.id}`) }),
  });
}

function sealOpenings({ openings }: EntryBatch): void {
  const cipher = createCipheriv('aes-256-gcm', KEY, drawBytes(12), { authTagLength: 16 });
  cipher.update(openings);
  cipher.final();
  cipher.getAuthTag();
}

const KEY = createSecretKey(drawBytes(32));

test('what each stage of the intake costs, and what of it is for privacy', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-stages-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const figures = new Map<string, number[]>();
  const note = (stage: string, ns: number): void => {
    figures.set(stage, [...(figures.get(stage) ?? []), ns]);
  };
  const keys = new KeyTable();
  const minimiser = new Minimiser(
    { fields: [], quarantine: true, quarantineExcept: [] },
    KEY,
    () => undefined,
  );
  const refer = referencer();
  for (let round = 0; round <= ROUNDS; round++) {
    const requests = makeRequests();
    const stages = new Map<string, number>();
    let groups: ReturnType<typeof decodeTraceRequest>[] = [];
    stages.set(
      'decode',
      await cost(() => void (groups = requests.map((body) => decodeTraceRequest(body, keys)))),
    );
    let drafts: RecordDraft[][] = [];
    stages.set(
      'map',
      await cost(() => {
        drafts = groups.map((request) =>
          request.flatMap(({ resource, scope, spans }) =>
            spans.flatMap((span) => mapSpan(span, { resource, scope })),
          ),
        );
      }),
    );
    stages.set(
      'minimise (quarantine)',
      await cost(() => {
        for (const draft of drafts.flat()) minimiser.minimise(draft);
      }),
    );
    const referenced = drafts.map((some) => some.map(refer));
    const free = await cost(() => void referenced.map((some) => buildEntryBatch(some, FREE)));
    let batches: EntryBatch[] = [];
    const built = await cost(() => void (batches = referenced.map((some) => buildEntryBatch(some, REAL))));
    stages.set('canonical bytes', free);
    stages.set('commitments and salts', built - free);
    const sealing = await cost(() => {
      for (const batch of batches) sealOpenings(batch);
    });
    const ledger = await openLedger({
      storage: memoryStorage(),
      signer: generateSigner(`example.com/${randomUUID()}`),
      epochKeys: memoryEpochKeys(),
    });
    const appended = await cost(async () => {
      for (const batch of batches) await ledger.append(batch);
    });
    stages.set('sequence, hash, journal, tiles', appended - sealing);
    stages.set('sealing the journal', sealing);
    await ledger.journal.rotate();
    const read: Parameters<VaultSealer['add']>[0][] = [];
    for (const { name } of ledger.journal.segments()) {
      for await (const group of ledger.journal.read(name)) read.push(group);
    }
    const vault = new Vault({ file: join(directory, `${round}`, 'vault.db'), kek: KEY });
    const sealer = new VaultSealer(vault, KEY);
    stages.set(
      'sealing by subject, in the vault',
      await cost(() => {
        vault.begin();
        for (const group of read) {
          sealer.add(group);
          if (sealer.isFull) for (const _ of sealer.flush());
        }
        for (const _ of sealer.flush());
        vault.commit(SPANS, undefined);
      }),
    );
    vault.close();
    await ledger.close();
    // The first round compiles.
    if (round > 0) for (const [stage, ns] of stages) note(stage, ns);
  }
  const of = (stage: string): number => median(figures.get(stage) ?? []);
  const total = [...figures.keys()].reduce((sum, stage) => sum + of(stage), 0);
  const inRequest = total - of('sealing by subject, in the vault');
  const privacy = of('commitments and salts') + of('sealing the journal');
  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;
  printLines([
    describeMachine(),
    `${SPANS.toLocaleString('en')} spans of 20 attributes in requests of ${SPANS_PER_REQUEST}, ${PEOPLE} people; processor time of one thread, medians of ${ROUNDS} rounds`,
    ...[...figures.keys()].map(
      (stage) =>
        `${stage.padEnd(34)} ${of(stage).toFixed(0).padStart(7)} ns a span  ${share(of(stage), total)}`,
    ),
    `until a span is durable: ${inRequest.toFixed(0)} ns, of which commitments and sealing ${privacy.toFixed(0)} ns: ${share(privacy, inRequest)}`,
    `with the vault: ${total.toFixed(0)} ns, of which commitments and all sealing ${(privacy + total - inRequest).toFixed(0)} ns: ${share(privacy + total - inRequest, total)}`,
  ]);
});
