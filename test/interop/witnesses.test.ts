import {
  fileTiles,
  generateCosigner,
  generateSigner,
  WitnessClient,
  type Cosigner,
  type WitnessReply,
} from '@spanledger/ledger';
import {
  formatNote,
  parseNote,
  parseVerificationKey,
  verifyCosignatures,
  verifyLedger,
} from '@spanledger/ledger/verify';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startCommand } from '../support/cli/process.ts';
import { startProgram, type ChildProgram } from '../support/go/child-program.ts';
import { goProgram } from '../support/go/go-program.ts';
import { runFsck } from '../support/go/run-program.ts';
import { scratchDirectory } from '../support/ledger/scratch.ts';
import { makeBatch } from '../support/ledger/batches.ts';
import { newHome, openHome } from '../support/ledger/logs.ts';
import { honestLog, type TreeLog } from '../support/ledger/tree-log.ts';
import { post } from '../support/ledger/witness-http.ts';
import { ask } from './support/ask.ts';
import { readWith } from './support/readers.ts';
import { makeNoteKey, type NoteKey } from './support/note-key.ts';

const NOW_S = 1_790_000_000;
const SIZES = [1, 256, 300, 70_000];
const BATCH = 10_000;

/** A witness of theirs, over the log of a key. */
async function startTheirs(name: string, logVkey: string): Promise<NoteKey & { url: string }> {
  const key = makeNoteKey(name);
  const program = start(await goProgram('serve-witness'), ['-skey', key.skey, '-log', logVkey]);
  return { ...key, url: await program.line() };
}

/** A witness of ours, over the log of a key: the command, in a process of its own. */
async function startOurs(name: string, logVkey: string): Promise<{ url: string; witnessVkey: string }> {
  const data = await scratchDirectory();
  const args = ['--data', data, '--name', name, '--log', logVkey, '--port', '0', '--json'];
  const command = startCommand(['witness', ...args]);
  onTestFinished(async () => {
    command.signal('SIGTERM');
    await command.ended();
  });
  const [line = ''] = await command.printed(/^.*\n/);
  const told: { url: string; vkey: string } = JSON.parse(line);
  return { url: told.url, witnessVkey: told.vkey };
}

function start(file: string, args: readonly string[]): ChildProgram {
  const program = startProgram(file, args);
  onTestFinished(() => program[Symbol.asyncDispose]());
  return program;
}

/** Who cosigned a note, by their code: names, and seconds since the epoch. */
async function cosignedByTheirs(
  note: string,
  vkey: string,
  witnesses: readonly string[],
): Promise<Record<string, number> | undefined> {
  const question = { vkey, note: Buffer.from(note).toString('base64'), witnesses };
  const [answer = ''] = await ask('open-notes', [JSON.stringify(question)]);
  const { cosigned }: { cosigned?: Record<string, number> } = JSON.parse(answer);
  return cosigned;
}

/** Who cosigned a note, by ours. */
function cosignedByOurs(note: string, witness: string): { verified: string[]; invalid: number } {
  const parsed = parseNote(note);
  const key = parseVerificationKey(witness, 'cosignature');
  if (!parsed.ok || !key.ok) throw new TypeError('not a note, or not a key');
  const { verified, invalid } = verifyCosignatures(parsed.value, [key.value]);
  return { verified: verified.map(({ key: { name } }) => name), invalid: invalid.length };
}

function cosign(note: string, cosigner: Cosigner, timeS = NOW_S): string {
  const parsed = parseNote(note);
  if (!parsed.ok) throw new TypeError(parsed.detail);
  const { text, signatures } = parsed.value;
  return formatNote(text, [...signatures, cosigner.cosign(text, timeS)]);
}

describe('a cosignature', () => {
  const log = honestLog(40);
  const { vkey } = log.signer;

  it('of ours is good to them', async () => {
    const cosigner = generateCosigner('witness.example/ours');
    const other = generateCosigner('witness.example/other');
    const note = cosign(cosign(log.checkpoint(20), cosigner), other, NOW_S + 60);
    expect(await cosignedByTheirs(note, vkey, [cosigner.vkey, other.vkey])).toEqual({
      'witness.example/ours': NOW_S,
      'witness.example/other': NOW_S + 60,
    });
    expect(await cosignedByTheirs(note, vkey, [cosigner.vkey])).toEqual({ 'witness.example/ours': NOW_S });
  });

  it('of theirs is good to us, with the time at which they signed', async () => {
    const theirs = await startTheirs('witness.example/theirs', vkey);
    const checkpoint = log.checkpoint(20);
    const { status, text } = await post(theirs.url, await log.request(0, 20));
    expect(status).toBe(200);
    const note = checkpoint + text;
    expect(cosignedByOurs(note, theirs.witnessVkey)).toEqual({
      verified: ['witness.example/theirs'],
      invalid: 0,
    });
    const times = await cosignedByTheirs(note, vkey, [theirs.witnessVkey]);
    expect(times?.['witness.example/theirs']).toBeGreaterThan(Date.now() / 1000 - 60);
  });

  it('over another checkpoint, of another key or with another time is bad to both', async () => {
    const cosigner = generateCosigner('witness.example/ours');
    const good = log.checkpoint(20);
    const line = cosign(good, cosigner).slice(good.length);
    const later = cosign(good, cosigner, NOW_S + 1).slice(good.length);
    // The time of one and the signature of the other.
    const [own = '', another = ''] = [line, later].map((each) => each.trim().split(' ')[2]);
    const mixed = Buffer.concat([
      Buffer.from(own, 'base64').subarray(0, 12),
      Buffer.from(another, 'base64').subarray(12),
    ]);
    const impostor = generateCosigner('witness.example/ours');
    for (const [note, key] of [
      [log.checkpoint(21) + line, cosigner.vkey],
      [`${good}\u2014 ${cosigner.name} ${mixed.toString('base64')}\n`, cosigner.vkey],
    ] as const) {
      expect(await cosignedByTheirs(note, vkey, [key])).toBeUndefined();
      expect(cosignedByOurs(note, key)).toEqual({ verified: [], invalid: 1 });
    }
    expect(await cosignedByTheirs(good + line, vkey, [impostor.vkey])).toBeUndefined();
    expect(cosignedByOurs(good + line, impostor.vkey)).toEqual({ verified: [], invalid: 0 });
  });
});

describe("Tessera's log", () => {
  it.each([
    ['our witness', ['ours']],
    ['two witnesses of ours and one of theirs, all of which must sign', ['ours', 'ours', 'theirs']],
  ])('is cosigned by %s', async (_name, kinds) => {
    const key = makeNoteKey('tessera.example/log');
    const scratch = await scratchDirectory();
    const witnesses = await Promise.all(
      kinds.map((kind, i) =>
        (kind === 'ours' ? startOurs : startTheirs)(`witness.example/${kind}-${i}`, key.vkey),
      ),
    );
    const policy = join(scratch, 'policy');
    const lines = witnesses.map(({ url, witnessVkey }, i) => `witness w${i} ${witnessVkey} ${url}`);
    const names = witnesses.map((_each, i) => `w${i}`).join(' ');
    await writeFile(policy, `${lines.join('\n')}\ngroup everyone all ${names}\nquorum everyone\n`);
    const directory = join(scratch, 'log');
    const args = ['-dir', directory, '-skey', key.skey, '-witness-policy', policy];
    const writer = start(await goProgram('write-log'), args);
    const vkeys = witnesses.map(({ witnessVkey }) => witnessVkey);
    for (const size of SIZES) {
      writer.tell(String(size));
      expect(await writer.line()).toBe(String(size));
      const note = await readFile(join(directory, 'checkpoint'), 'utf8');
      expect(Object.keys((await cosignedByTheirs(note, key.vkey, vkeys)) ?? {})).toHaveLength(kinds.length);
      const report = await verifyLedger({
        source: fileTiles(directory),
        vkey: key.vkey,
        entries: 'opaque',
        history: 'optional',
        witnesses: vkeys,
        quorum: kinds.length,
      });
      expect(report).toMatchObject({ ok: true, size });
      expect(report.assurance).toMatchObject({
        level: 'witnessed',
        signed: kinds.length,
        of: kinds.length,
        size,
      });
    }
  });
});

describe('our log', () => {
  it('is cosigned by a witness of theirs and one of ours, and read by all with their lines in it', async () => {
    const home = await newHome();
    const { vkey } = home.signer;
    const witnesses = await Promise.all([
      startTheirs('witness.example/theirs', vkey),
      startOurs('witness.example/ours', vkey),
    ]);
    const vkeys = witnesses.map(({ witnessVkey }) => witnessVkey);
    const ledger = await openHome(home, {
      witnessing: {
        witnesses: witnesses.map(({ url, witnessVkey }) => ({ url, vkey: witnessVkey })),
        quorum: 2,
        timeoutMs: 10_000,
        whenMissing: 'hold',
      },
    });
    const directory = join(home.directory, 'ledger');
    const vkeyPath = join(home.directory, 'log.vkey');
    await writeFile(vkeyPath, `${vkey}\n`);
    for (const size of SIZES) {
      for (let at = ledger.sizes().durable; at < size; at += BATCH)
        await ledger.append(makeBatch({ count: Math.min(BATCH, size - at), label: `${at}` }));
      await ledger.published(size);
      const note = await readFile(join(directory, 'checkpoint'), 'utf8');
      expect(Object.keys((await cosignedByTheirs(note, vkey, vkeys)) ?? {}).toSorted()).toEqual([
        'witness.example/ours',
        'witness.example/theirs',
      ]);
      const url = `file://${directory}`;
      expect(await runFsck(url, vkeyPath)).toMatchObject({ ok: true });
      expect(await readWith('read-log', url, vkey)).toMatchObject({ size, entries: size });
      const report = await verifyLedger({
        source: fileTiles(directory),
        vkey,
        witnesses: vkeys,
        quorum: 2,
      });
      expect(report.failures).toEqual([]);
      expect(report.assurance).toMatchObject({ level: 'witnessed', signed: 2, of: 2, size });
    }
  });

  it('gets no cosignature of theirs for a past that it has rewritten', async () => {
    const log = honestLog(40);
    const theirs = await startTheirs('witness.example/theirs', log.signer.vkey);
    const key = parseVerificationKey(theirs.witnessVkey, 'cosignature');
    if (!key.ok) throw new TypeError(key.detail);
    const offer = (from: TreeLog, size: number): Promise<WitnessReply> =>
      new WitnessClient({ url: theirs.url, key: key.value, fetch, wallClock: Date.now }).cosign(
        { note: from.checkpoint(size), size, prove: (first) => from.proof(first, size) },
        AbortSignal.timeout(10_000),
      );
    expect(await offer(log, 20)).toMatchObject({ ok: true, line: { name: 'witness.example/theirs' } });
    expect(await offer(log.forkedAt(10), 30)).toMatchObject({
      ok: false,
      failure: { code: 'proof_refused' },
    });
    expect(await offer(log, 10)).toMatchObject({ ok: false, failure: { code: 'log_behind' } });
    expect(await offer(log, 30)).toMatchObject({ ok: true });
  });
});

describe('the same requests', () => {
  it('have the same answers from our witness and theirs', async () => {
    const log = honestLog(40);
    const fork = log.forkedAt(10);
    const stranger = honestLog(5, generateSigner('stranger.example/log'));
    const { vkey } = log.signer;
    const [ours, theirs] = await Promise.all([
      startOurs('witness.example/a', vkey),
      startTheirs('witness.example/b', vkey),
    ]);
    for (const [name, body, status] of [
      ['the first', await log.request(0, 7), 200],
      ['the next', await log.request(7, 20), 200],
      ['the same again', await log.request(20, 20), 200],
      ['an old size that is not the last', await log.request(7, 30), 409],
      ['one that forks', await fork.request(20, 30), 422],
      ['an old size above the checkpoint’s', (await log.request(20, 20)).replace('old 20', 'old 21'), 400],
      ['an unknown log', await stranger.request(0, 3), 404],
      ['no request', 'something\n', 400],
    ] as const) {
      const answers = await Promise.all([post(ours.url, body), post(theirs.url, body)]);
      expect(
        answers.map((answer) => answer.status),
        name,
      ).toEqual([status, status]);
      if (status === 409)
        for (const { type, text } of answers) expect([type, text]).toEqual(['text/x.tlog.size', '20\n']);
    }
  });
});
