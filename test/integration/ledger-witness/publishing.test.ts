import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fileTiles,
  generateCosigner,
  LedgerReader,
  openLedger,
  type Ledger,
  type WatchedLog,
  type WitnessStatus,
  type WitnessingOptions,
} from '@spanledger/ledger';
import {
  formatSignatures,
  parseNote,
  parseTlogProof,
  parseVerificationKey,
  verifyLedger,
  type VerificationReport,
} from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../../support/exporter/service.ts';
import { makeBatch } from '../../support/ledger/batches.ts';
import { fakeWitness, type Asked } from '../../support/ledger/fake-witness.ts';
import { newHome, openHome, type LogHome } from '../../support/ledger/logs.ts';
import { startWitness, type ServedWitness } from '../../support/ledger/witness-http.ts';

function watched({ signer }: LogHome): WatchedLog {
  const key = parseVerificationKey(signer.vkey);
  if (!key.ok) throw new TypeError(key.detail);
  return { origin: signer.origin, keys: [key.value] };
}

function witnessing(
  witnesses: WitnessingOptions['witnesses'],
  quorum: number,
  more: Partial<WitnessingOptions> = {},
): WitnessingOptions {
  // As long as a busy machine needs; where a test waits for it, it sets its own.
  return { witnesses, quorum, timeoutMs: 10_000, ...more };
}

async function grow(ledger: Ledger, count: number, label: string): Promise<number> {
  await ledger.append(makeBatch({ count, label }));
  const { durable } = ledger.sizes();
  await ledger.published(durable);
  return durable;
}

function verify(
  { directory, signer }: LogHome,
  witnesses: readonly { vkey: string }[],
  quorum?: number,
): Promise<VerificationReport> {
  return verifyLedger({
    source: fileTiles(join(directory, 'ledger')),
    vkey: signer.vkey,
    witnesses: witnesses.map(({ vkey }) => vkey),
    ...(quorum !== undefined && { quorum }),
  });
}

/** Who signed a note, in order. */
function signersOf(note: string): string[] {
  const signed = parseNote(note);
  return signed.ok ? signed.value.signatures.map(({ name }) => name) : [];
}

async function threeWitnesses(home: LogHome): Promise<ServedWitness[]> {
  return await Promise.all(
    ['a', 'b', 'c'].map((name) => startWitness([watched(home)], { name: `witness.example/${name}` })),
  );
}

describe('a log with witnesses', () => {
  test('publishes what they signed, in checkpoint, history and proofs', async () => {
    const home = await newHome();
    const witnesses = await threeWitnesses(home);
    const ledger = await openHome(home, { witnessing: witnessing(witnesses, 2) });
    for (const round of [1, 2, 3]) await grow(ledger, 300, `round ${round}`);
    expect(ledger.witnessing()).toMatchObject({ signed: 3, quorum: 2, isEnough: true });
    const names = witnesses.map(({ name }) => name);
    expect(signersOf(ledger.checkpoint()).toSorted()).toEqual([home.signer.origin, ...names].toSorted());

    const report = await verify(home, witnesses, 3);
    expect(report.failures).toEqual([]);
    expect(report.assurance).toMatchObject({ level: 'witnessed', signed: 3, of: 3, size: 900 });
    const proof = parseTlogProof(
      await new LedgerReader(fileTiles(join(home.directory, 'ledger'))).tlogProof(5),
    );
    expect(proof.ok && signersOf(proof.value.checkpoint)).toHaveLength(4);

    // Another life of the log: it learns by itself what the witnesses have.
    await ledger.close();
    const again = await openHome(home, { witnessing: witnessing(witnesses, 2) });
    expect(again.witnessing()).toMatchObject({ signed: 3, isEnough: true });
    await grow(again, 1, 'round 4');
    expect((await verify(home, witnesses, 3)).ok).toBe(true);
  });

  test('goes on without one of them, and is not slowed down by it', async () => {
    const home = await newHome();
    const witnesses = await threeWitnesses(home);
    const dead = await fakeWitness(() => 'silence');
    const { vkey } = generateCosigner('witness.example/dead');
    const changes: WitnessStatus[] = [];
    const ledger = await openHome(home, {
      witnessing: witnessing([...witnesses.slice(0, 2), { url: dead.url, vkey }], 2, {
        timeoutMs: 1_000,
        onChange: (status) => changes.push(status),
      }),
    });
    // The first checkpoint waited for it; from now on nobody does.
    expect(dead.asked).toHaveLength(1);
    const startedMs = performance.now();
    for (let round = 0; round < 20; round++) await grow(ledger, 1, `round ${round}`);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(dead.asked.length).toBeLessThan(5);
    expect(ledger.witnessing()).toMatchObject({ signed: 2, isEnough: true });
    expect(changes).toMatchObject([{ name: 'witness.example/dead', failure: { code: 'timeout' } }]);
    expect((await verify(home, witnesses, 2)).ok).toBe(true);
  });

  test('shows what it has without a quorum, and completes it when the witnesses are back', async () => {
    const home = await newHome();
    const [a, b, c] = await threeWitnesses(home);
    if (a === undefined || b === undefined || c === undefined) throw new TypeError('three');
    const { port } = new URL(b.url);
    await b.stop();
    await c.stop();
    const ledger = await openHome(home, { witnessing: witnessing([a, b, c], 2) });
    const size = await grow(ledger, 10, 'alone');
    expect(ledger.witnessing()).toMatchObject({ signed: 1, isEnough: false });
    expect((await verify(home, [a, b, c])).failures).toMatchObject([{ code: 'quorum_missing' }]);

    await startWitness([watched(home)], { name: b.name, directory: b.directory, port: Number(port) });
    await waitFor('the second cosignature', () => signersOf(ledger.checkpoint()).length === 3, 30_000);
    expect(ledger.witnessing()).toMatchObject({ signed: 2, isEnough: true });
    expect(signersOf(ledger.checkpoint()).slice(1).toSorted()).toEqual([a.name, b.name]);
    expect(ledger.sizes().published).toBe(size);
    expect((await verify(home, [a, b, c])).failures).toEqual([]);
    const proof = parseTlogProof(
      await new LedgerReader(fileTiles(join(home.directory, 'ledger'))).tlogProof(5),
    );
    expect(proof.ok && signersOf(proof.value.checkpoint)).toHaveLength(3);
  });

  test('does not wait for a silent one when it is closed', async () => {
    const home = await newHome();
    let isSilent = false;
    const cosigner = generateCosigner('witness.example/falls-silent');
    const fake = await fakeWitness(({ signed }) =>
      isSilent
        ? 'silence'
        : {
            status: 200,
            body: formatSignatures([cosigner.cosign(signed.note.text, Math.floor(Date.now() / 1000))]),
          },
    );
    const changes: WitnessStatus[] = [];
    const ledger = await openHome(home, {
      witnessing: witnessing([{ url: fake.url, vkey: cosigner.vkey }], 1, {
        timeoutMs: 3_000,
        onChange: (status) => changes.push(status),
      }),
    });
    isSilent = true;
    await grow(ledger, 1, 'first without');
    await waitFor('a request that nobody waits for', async () => {
      await grow(ledger, 1, `more ${fake.asked.length}`);
      return fake.asked.length > 2;
    });
    expect(fake.givenUp).toBe(1);
    await ledger.close();
    await waitFor('the end of the request', () => fake.givenUp === 2, 1_500);
    expect(changes.map(({ failure }) => failure?.code)).toEqual(['timeout']);
    expect((await verify(home, [])).ok).toBe(true);
  });

  test('does not believe a witness that flaps, lies, or is another', async () => {
    const home = await newHome();
    const cosigner = generateCosigner('witness.example/flaps');
    let turn = 0;
    const answers = [
      () => ({ status: 500 }),
      ({ signed }: Asked) => ({
        status: 200,
        body: formatSignatures([cosigner.cosign(signed.note.text, 1)]),
      }),
      () => ({
        status: 200,
        body: formatSignatures([cosigner.cosign('another text\n', (Date.now() / 1000) | 0)]),
      }),
      ({ signed }: Asked) => ({
        status: 200,
        body: formatSignatures([
          generateCosigner(cosigner.name).cosign(signed.note.text, (Date.now() / 1000) | 0),
        ]),
      }),
    ];
    const fake = await fakeWitness((asked) => answers[turn++ % answers.length]?.(asked) ?? 'silence');
    const ledger = await openHome(home, {
      witnessing: witnessing([{ url: fake.url, vkey: cosigner.vkey }], 1),
    });
    await grow(ledger, 3, 'x');
    await waitFor('four answers', () => fake.asked.length >= 4, 30_000);
    await grow(ledger, 3, 'y');
    expect(signersOf(ledger.checkpoint())).toEqual([home.signer.origin]);
    expect((await verify(home, [])).ok).toBe(true);
  });
});

describe('a log that is held back without a quorum', () => {
  test('takes records, publishes nothing, and catches up', async () => {
    const home = await newHome();
    const [a, b] = await threeWitnesses(home);
    if (a === undefined || b === undefined) throw new TypeError('two');
    const { port } = new URL(b.url);
    const errors: unknown[] = [];
    const ledger = await openHome(home, {
      witnessing: witnessing([a, b], 2, { whenMissing: 'hold' }),
      onError: (error) => errors.push(error),
    });
    const before = await grow(ledger, 10, 'with both');
    await b.stop();
    await ledger.append(makeBatch({ count: 5, label: 'held' }));
    await waitFor('the refusal', () => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: 'quorum_missing', message: expect.stringContaining('1 of 2') });
    expect(ledger.sizes()).toMatchObject({ durable: before + 5, published: before });
    expect((await verify(home, [a, b])).ok).toBe(true);

    const again = await startWitness([watched(home)], {
      name: b.name,
      directory: b.directory,
      port: Number(port),
    });
    await waitFor('the checkpoint', () => ledger.sizes().published === before + 5, 60_000);
    expect((await verify(home, [a, again])).assurance).toMatchObject({ signed: 2, size: before + 5 });
  });

  test('opens all the same', async () => {
    const home = await newHome();
    const options = witnessing([{ url: 'http://127.0.0.1:1', vkey: generateCosigner('w').vkey }], 1, {
      whenMissing: 'hold',
    });
    const errors: unknown[] = [];
    const ledger = await openLedger({ ...home, witnessing: options, onError: (error) => errors.push(error) });
    expect(errors).toMatchObject([{ code: 'quorum_missing' }]);
    await ledger.append(makeBatch({ count: 5 }));
    expect(ledger.sizes()).toMatchObject({ durable: 5, published: 0 });
    expect(ledger.checkpoint()).toBe('');
    await expect(ledger.close()).rejects.toMatchObject({ code: 'quorum_missing' });
    // What was acknowledged is there, with or without witnesses.
    const free = await openHome(home);
    expect(free.sizes()).toMatchObject({ durable: 5, published: 5 });
  });
});

describe('a log that was set back', () => {
  test('gets no cosignature for its second past, and is told so', async () => {
    const home = await newHome();
    const witnesses = await threeWitnesses(home);
    const first = await openHome(home, { witnessing: witnessing(witnesses, 2) });
    await grow(first, 10, 'kept');
    await first.close();
    const backup = `${home.directory}.backup`;
    await cp(home.directory, backup, { recursive: true });
    const second = await openHome(home, { witnessing: witnessing(witnesses, 2) });
    await grow(second, 10, 'forgotten');
    await second.close();
    const forgotten = await readFile(join(home.directory, 'ledger', 'checkpoint'), 'utf8');

    await rm(home.directory, { recursive: true });
    await cp(backup, home.directory, { recursive: true });
    await rm(backup, { recursive: true });
    const third = await openHome(home, { witnessing: witnessing(witnesses, 2) });
    await grow(third, 5, 'rewritten');
    expect(third.witnessing()).toMatchObject({ signed: 0, isEnough: false });
    expect(third.witnessing()?.witnesses.map(({ failure }) => failure?.code)).toEqual(
      Array.from({ length: 3 }, () => 'log_behind'),
    );
    const report = await verify(home, witnesses);
    expect(report.failures).toMatchObject([{ code: 'quorum_missing' }]);
    expect(report.assurance).toMatchObject({ level: 'witnessed', size: 10 });
    // What a witness shows proves that there was more.
    const shown = await verifyLedger({
      source: fileTiles(join(home.directory, 'ledger')),
      vkey: home.signer.vkey,
      known: [forgotten],
    });
    expect(shown.failures).toMatchObject([{ code: 'known_checkpoint_ahead' }]);
  });
});

describe('options that make no sense', () => {
  const good = { url: 'http://127.0.0.1:1', vkey: generateCosigner('w').vkey };
  test.each<[string, WitnessingOptions]>([
    ['no quorum', witnessing([good], 0)],
    ['a quorum that cannot be reached', witnessing([good], 2)],
    ['a key that is none', witnessing([{ ...good, vkey: 'x' }], 1)],
    ['the same key twice', witnessing([good, good], 1)],
    ['no time', witnessing([good], 1, { timeoutMs: 0 })],
  ])('%s', async (_, options) => {
    await expect(openHome(await newHome(), { witnessing: options })).rejects.toThrow(TypeError);
  });
});
