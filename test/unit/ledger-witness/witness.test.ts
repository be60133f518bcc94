import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigner, type OpenWitness, type WitnessAnswer } from '@spanledger/ledger';
import {
  formatCheckpoint,
  parseNote,
  parseVerificationKey,
  verifyCosignatures,
  type VerifiedCosignature,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { honestLog, TreeLog } from '../../support/ledger/tree-log.ts';
import { ask, newWitness } from '../../support/ledger/witness-home.ts';

const LOG = honestLog(40);
const FORK = LOG.forkedAt(10);

/** The cosignature that an answer holds over a checkpoint. */
function cosignatureOf(reply: WitnessAnswer, note: string, { vkey }: OpenWitness): VerifiedCosignature {
  const key = parseVerificationKey(vkey, 'cosignature');
  const signed = parseNote(note + reply.body);
  if (!key.ok || !signed.ok) throw new TypeError('not a line of a note');
  const { verified, invalid } = verifyCosignatures(signed.value, [key.value]);
  expect(invalid).toEqual([]);
  const [first] = verified;
  if (first === undefined) throw new TypeError('not signed');
  return first;
}

describe('a witness cosigns', () => {
  test('what continues what it cosigned before', async () => {
    const witness = await newWitness([LOG.watched], { now: () => 1_795_298_400_999 });
    const sizes = [0, 1, 2, 7, 8, 8, 31, 40];
    let old = 0;
    for (const size of sizes) {
      const reply = await ask(witness, await LOG.request(old, size));
      expect(reply, `${old} to ${size}`).toMatchObject({ status: 200, event: { kind: 'signed', size } });
      expect(cosignatureOf(reply, LOG.checkpoint(size), witness).timeS).toBe(1_795_298_400);
      old = size;
    }
    expect(witness.witness.latest(LOG.signer.origin)).toContain('\n40\n');
  });

  test('at no earlier time than before, though its clock is set back', async () => {
    let nowMs = 2_000_000;
    const witness = await newWitness([LOG.watched], { now: () => nowMs });
    await ask(witness, await LOG.request(0, 5));
    nowMs = 1_000_000;
    const reply = await ask(witness, await LOG.request(5, 6));
    expect(cosignatureOf(reply, LOG.checkpoint(6), witness).timeS).toBe(2000);
  });

  test('several logs, each for itself', async () => {
    const other = honestLog(9, generateSigner('log.example/b'));
    const witness = await newWitness([LOG.watched, other.watched]);
    expect(await ask(witness, await LOG.request(0, 30))).toMatchObject({ status: 200 });
    expect(await ask(witness, await other.request(0, 3))).toMatchObject({ status: 200 });
    expect(await ask(witness, await other.request(3, 9))).toMatchObject({ status: 200 });
    expect(await ask(witness, await LOG.request(30, 40))).toMatchObject({ status: 200 });
  });

  test('a checkpoint that is signed by one of several keys of the log, and leaves other lines out', async () => {
    const successor = generateSigner(LOG.signer.origin);
    const both = { ...LOG.watched, keys: [...LOG.watched.keys, ...new TreeLog([], successor).watched.keys] };
    const witness = await newWitness([both]);
    const renewed = honestLog(40, successor);
    expect(await ask(witness, await LOG.request(0, 4))).toMatchObject({ status: 200 });
    expect(await ask(witness, await renewed.request(4, 5))).toMatchObject({ status: 200 });
    const stranger = generateSigner('stranger.example').signNote('x\n').split('\n').at(-2) ?? '';
    const noisy = `${await LOG.request(5, 6)}${stranger}\n`;
    expect(await ask(witness, noisy)).toMatchObject({ status: 200 });
    expect(witness.witness.latest(LOG.signer.origin)).not.toContain('stranger');
  });
});

describe('a witness refuses', () => {
  async function at(size: number): Promise<OpenWitness & { directory: string }> {
    const witness = await newWitness([LOG.watched]);
    expect(await ask(witness, await LOG.request(0, size))).toMatchObject({ status: 200 });
    return witness;
  }

  test('to go back: 409 and the size that it cosigned', async () => {
    const witness = await at(20);
    const reply = await ask(witness, await LOG.request(0, 12));
    expect(reply).toMatchObject({ status: 409, contentType: 'text/x.tlog.size', body: '20\n' });
    expect(await ask(witness, await LOG.request(12, 12))).toMatchObject({ status: 409, body: '20\n' });
  });

  test('an old size above the new: 400', async () => {
    const witness = await at(20);
    expect(await ask(witness, await LOG.request(20, 12))).toMatchObject({ status: 400 });
  });

  test('a proof from another size than the one that it cosigned: 409', async () => {
    const witness = await at(20);
    expect(await ask(witness, await LOG.request(13, 30))).toMatchObject({ status: 409, body: '20\n' });
    expect(await ask(witness, await LOG.request(21, 30))).toMatchObject({ status: 409, body: '20\n' });
  });

  test('another root of the same size: 409, and says that this proves two faces', async () => {
    const witness = await at(20);
    for (const old of [20, 0]) {
      const reply = await ask(witness, await FORK.request(old, 20));
      expect(reply).toMatchObject({ status: 409, event: { kind: 'contradiction', size: 20 } });
      expect(reply.event.note).toBe(FORK.checkpoint(20));
    }
  });

  test('a fork that has grown: 422', async () => {
    const witness = await at(20);
    expect(await ask(witness, await FORK.request(20, 30))).toMatchObject({ status: 422 });
    const [head] = (await LOG.request(20, 30)).split('\n\n');
    expect(await ask(witness, `${head}\n\n${FORK.checkpoint(30)}`)).toMatchObject({ status: 422 });
  });

  test('a proof with a hash too many or too few, or none: 422', async () => {
    const witness = await at(20);
    const [head = '', ...rest] = (await LOG.request(20, 30)).split('\n\n');
    const lines = head.split('\n');
    for (const changed of [
      lines.slice(0, -1),
      [...lines, lines.at(-1)],
      ['old 20'],
      [...lines.slice(0, -1), lines[1] ?? ''],
    ]) {
      expect(await ask(witness, [changed.join('\n'), ...rest].join('\n\n'))).toMatchObject({ status: 422 });
    }
  });

  test('an empty tree with another root than that of nothing: 422', async () => {
    const witness = await newWitness([LOG.watched]);
    const note = LOG.signer.signNote(
      formatCheckpoint({ origin: LOG.signer.origin, size: 0, root: LOG.root(1) }),
    );
    expect((await ask(witness, `old 0\n\n${note}`)).status).toBeGreaterThanOrEqual(409);
    expect(witness.witness.latest(LOG.signer.origin)).toBeUndefined();
  });

  test('a log that it does not know: 404', async () => {
    const witness = await at(20);
    const stranger = honestLog(5, generateSigner('log.example/b'));
    expect(await ask(witness, await stranger.request(0, 5))).toMatchObject({ status: 404 });
  });

  test('what the log did not sign: 403', async () => {
    const witness = await at(20);
    const imposter = honestLog(40, generateSigner(LOG.signer.origin));
    expect(await ask(witness, await imposter.request(20, 30))).toMatchObject({ status: 403 });
    const forged = (await LOG.request(20, 30)).replace(
      LOG.checkpoint(30),
      LOG.checkpoint(31).replace('\n31\n', '\n30\n'),
    );
    expect(await ask(witness, forged)).toMatchObject({ status: 403 });
    const [text = ''] = LOG.checkpoint(30).split('\n\n');
    const ownLine = await ask(witness, await LOG.request(20, 20));
    const [head] = (await LOG.request(20, 30)).split('\n\n');
    expect(await ask(witness, `${head}\n\n${text}\n\n${ownLine.body}`)).toMatchObject({ status: 403 });
  });

  test('what it cannot read: 400', async () => {
    const witness = await at(20);
    for (const body of ['', 'old 20', 'GET / HTTP/1.1\r\n\r\n', '\u0000'.repeat(100)]) {
      expect(await ask(witness, body)).toMatchObject({ status: 400 });
    }
    expect(await witness.witness.addCheckpoint(Uint8Array.of(0xff, 0xfe))).toMatchObject({ status: 400 });
  });

  test('and remembers all that while nothing else changed', async () => {
    const witness = await at(20);
    const before = await readFile(join(witness.directory, 'cosigned'), 'utf8');
    for (const body of [
      await FORK.request(20, 20),
      await FORK.request(20, 30),
      await LOG.request(0, 5),
      'x',
    ]) {
      await ask(witness, body);
    }
    expect(await readFile(join(witness.directory, 'cosigned'), 'utf8')).toBe(before);
    expect(await ask(witness, await LOG.request(20, 40))).toMatchObject({ status: 200 });
  });
});

describe('under any order of requests', () => {
  test('one root a size, and never back', async () => {
    const sizes = fc.oneof(fc.constantFrom(0, 12, 20, 30), fc.nat(40));
    const request = fc.record({ fork: fc.boolean(), old: sizes, size: sizes });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (requests) => {
        const witness = await newWitness([LOG.watched]);
        const signed: { size: number; isFork: boolean }[] = [];
        const bodies = await Promise.all(
          requests.map(({ fork, old, size }) => (fork ? FORK : LOG).request(old, size)),
        );
        const replies = await Promise.all(bodies.map((body) => ask(witness, body)));
        for (const [i, { status }] of replies.entries()) {
          const { fork = false, size = 0 } = requests[i] ?? {};
          if (status === 200) signed.push({ size, isFork: fork && size > 10 });
        }
        expect(new Set(signed.filter(({ size }) => size > 10).map(({ isFork }) => isFork)).size).toBeLessThan(
          2,
        );
        expect(signed.map(({ size }) => size)).toEqual(
          signed.map(({ size }) => size).toSorted((a, b) => a - b),
        );
        await witness.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('the directory of a witness', () => {
  test('keeps name, key and what was cosigned', async () => {
    const first = await newWitness([LOG.watched], { name: 'witness.example/kept' });
    await ask(first, await LOG.request(0, 20));
    await first.close();
    const again = await newWitness([LOG.watched], {
      directory: first.directory,
      name: 'witness.example/kept',
    });
    expect(again.vkey).toBe(first.vkey);
    expect(await ask(again, await FORK.request(20, 20))).toMatchObject({ status: 409 });
    expect(await ask(again, await LOG.request(20, 40))).toMatchObject({ status: 200 });
    expect((await stat(join(first.directory, 'witness.key'))).mode & 0o777).toBe(0o600);
  });

  test('belongs to one process', async () => {
    const { directory } = await newWitness([]);
    await expect(newWitness([], { directory })).rejects.toMatchObject({
      code: 'ledger_locked',
      message: expect.stringContaining(String(process.pid)),
    });
  });

  test.each<[string, (directory: string) => Promise<void>, string]>([
    ['without its state', (directory) => rm(join(directory, 'cosigned')), 'witness_state_missing'],
    ['without its key', (directory) => rm(join(directory, 'witness.key')), 'key_invalid'],
    ['without its vkey', (directory) => rm(join(directory, 'witness.vkey')), 'key_invalid'],
    [
      'with a cut state',
      (directory) => change(directory, (text) => text.slice(0, -9)),
      'witness_state_damaged',
    ],
    [
      'with half a note',
      (directory) => change(directory, (text) => text.slice(0, text.indexOf('\n\n'))),
      'witness_state_damaged',
    ],
    [
      'with an altered size',
      (directory) => change(directory, (text) => text.replace('\n20\n', '\n10\n')),
      'witness_state_damaged',
    ],
    [
      'without its own line',
      (directory) => change(directory, (text) => text.replace(/.*witness\.example.*\n/, '')),
      'witness_state_damaged',
    ],
    ['with a log twice', (directory) => change(directory, (text) => text + text), 'witness_state_damaged'],
  ])('%s is not used', async (_, damage, code) => {
    const first = await newWitness([LOG.watched]);
    await ask(first, await LOG.request(0, 20));
    await first.close();
    await damage(first.directory);
    await expect(newWitness([LOG.watched], { directory: first.directory })).rejects.toMatchObject({ code });
  });

  test('keeps its name', async () => {
    const first = await newWitness([]);
    await first.close();
    const { directory } = first;
    await expect(newWitness([], { directory, name: 'other' })).rejects.toMatchObject({
      code: 'origin_invalid',
    });
  });

  test('remembers logs that it no longer watches', async () => {
    const first = await newWitness([LOG.watched]);
    await ask(first, await LOG.request(0, 20));
    await first.close();
    const without = await newWitness([], { directory: first.directory });
    expect(await ask(without, await LOG.request(20, 21))).toMatchObject({ status: 404 });
    await without.close();
    const again = await newWitness([LOG.watched], { directory: first.directory });
    expect(await ask(again, await LOG.request(0, 5))).toMatchObject({ status: 409, body: '20\n' });
  });
});

async function change(directory: string, edit: (text: string) => string): Promise<void> {
  const path = join(directory, 'cosigned');
  await writeFile(path, edit(await readFile(path, 'utf8')));
}
