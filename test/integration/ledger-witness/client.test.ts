import { generateCosigner, generateSigner, WitnessClient, type WitnessReply } from '@spanledger/ledger';
import { formatSignatures, parseVerificationKey } from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import { fakeWitness, type Asked, type FakeAnswer } from '../../support/ledger/fake-witness.ts';
import { honestLog } from '../../support/ledger/tree-log.ts';
import { startWitness } from '../../support/ledger/witness-http.ts';

const LOG = honestLog(40);
const COSIGNER = generateCosigner('witness.example/fake');
const NOW_MS = 1_795_298_400_000;

function clientOf(
  url: string,
  vkey: string = COSIGNER.vkey,
  wallClock: () => number = () => NOW_MS,
): WitnessClient {
  const key = parseVerificationKey(vkey, 'cosignature');
  if (!key.ok) throw new TypeError(key.detail);
  return new WitnessClient({ url, key: key.value, fetch, wallClock });
}

function ask(
  client: WitnessClient,
  size: number,
  log = LOG,
  signal = AbortSignal.timeout(5_000),
): Promise<WitnessReply> {
  const prove = (first: number): Promise<Uint8Array[]> => log.proof(first, size);
  return client.cosign({ note: log.checkpoint(size), size, prove }, signal);
}

const cosign = ({ signed }: Asked, timeS: number = NOW_MS / 1000): string =>
  formatSignatures([COSIGNER.cosign(signed.note.text, timeS)]);

describe('a log that asks a witness', () => {
  test('gets cosignatures, finds out by itself what the witness has, and again after the witness is gone', async () => {
    const served = await startWitness([LOG.watched]);
    const client = clientOf(served.url, served.vkey, Date.now);
    for (const size of [0, 3, 3, 20]) expect(await ask(client, size)).toMatchObject({ ok: true });
    expect(client.knownSize).toBe(20);
    // A log that has just been started knows nothing of what was cosigned.
    const fresh = clientOf(`${served.url}/`, served.vkey, Date.now);
    expect(await ask(fresh, 30)).toMatchObject({ ok: true, line: { name: served.name } });
    expect(served.events.map(({ kind }) => kind)).toEqual([
      'signed',
      'signed',
      'signed',
      'signed',
      'refused',
      'signed',
    ]);
  });

  test('is told what is wrong with it', async () => {
    const served = await startWitness([LOG.watched]);
    const client = clientOf(served.url, served.vkey, Date.now);
    await ask(client, 20);
    const code = async (size: number, log: typeof LOG): Promise<string> => {
      const reply = await ask(clientOf(served.url, served.vkey, Date.now), size, log);
      return reply.ok ? 'signed' : reply.failure.code;
    };
    expect(await code(10, LOG)).toBe('log_behind');
    expect(await code(20, LOG.forkedAt(5))).toBe('contradicted');
    expect(await code(30, LOG.forkedAt(5))).toBe('proof_refused');
    expect(await code(30, honestLog(40, generateSigner(LOG.signer.origin)))).toBe('signature_refused');
    expect(await code(30, honestLog(40, generateSigner('log.example/other')))).toBe('log_unknown');
    expect(await code(30, LOG)).toBe('signed');
  });

  test('is not kept from asking by a witness that was restored from an old backup', async () => {
    const fake = await fakeWitness((asked) =>
      asked.oldSize === 5
        ? { status: 200, body: cosign(asked) }
        : { status: 409, type: 'text/x.tlog.size', body: '5\n' },
    );
    const client = clientOf(fake.url);
    expect(await ask(client, 20)).toMatchObject({ ok: true });
    expect(await ask(client, 30)).toMatchObject({ ok: true });
    expect(fake.asked.map(({ oldSize }) => oldSize)).toEqual([0, 5, 20, 5]);
  });
});

describe('an answer that is worth nothing', () => {
  const other = generateCosigner(COSIGNER.name);
  const cases: [string, (asked: Asked) => FakeAnswer, string][] = [
    ['empty', () => ({ status: 200 }), 'answer_invalid'],
    ['no signature line', () => ({ status: 200, body: 'ok\n' }), 'answer_invalid'],
    ['a line without its end', (asked) => ({ status: 200, body: cosign(asked).trimEnd() }), 'answer_invalid'],
    [
      'of another key',
      ({ signed }) => ({
        status: 200,
        body: formatSignatures([other.cosign(signed.note.text, NOW_MS / 1000)]),
      }),
      'answer_invalid',
    ],
    [
      'forged under the right key ID',
      ({ signed }) => {
        const line = other.cosign(signed.note.text, NOW_MS / 1000);
        const { keyId } = COSIGNER.cosign('x\n', 1);
        return { status: 200, body: formatSignatures([{ ...line, keyId }]) };
      },
      'answer_invalid',
    ],
    [
      'over another checkpoint',
      ({ signed }) => ({
        status: 200,
        body: formatSignatures([
          COSIGNER.cosign(signed.note.text.replace('\n20\n', '\n21\n'), NOW_MS / 1000),
        ]),
      }),
      'answer_invalid',
    ],
    [
      'of an hour ago',
      (asked) => ({ status: 200, body: cosign(asked, NOW_MS / 1000 - 3600) }),
      'answer_invalid',
    ],
    [
      'of tomorrow',
      (asked) => ({ status: 200, body: cosign(asked, NOW_MS / 1000 + 86_400) }),
      'answer_invalid',
    ],
    [
      'the log’s own line',
      (asked) => ({ status: 200, body: asked.note.slice(asked.note.indexOf('\n\n') + 2) }),
      'answer_invalid',
    ],
    ['too long', (asked) => ({ status: 200, body: cosign(asked).repeat(1_000) }), 'unreachable'],
    ['endless', () => ({ status: 200, body: Buffer.alloc(50_000_000, '\u2014') }), 'unreachable'],
    ['a redirect', () => ({ status: 307, headers: { location: 'http://127.0.0.1:1/' } }), 'unreachable'],
    ['409 without a size', () => ({ status: 409, body: '5\n' }), 'contradicted'],
    [
      '409 with a size that was given',
      () => ({ status: 409, type: 'text/x.tlog.size', body: '0\n' }),
      'answer_invalid',
    ],
    [
      '409 with no number',
      () => ({ status: 409, type: 'text/x.tlog.size', body: 'five\n' }),
      'answer_invalid',
    ],
    ['409 without a newline', () => ({ status: 409, type: 'text/x.tlog.size', body: '5' }), 'answer_invalid'],
    ['409 with a larger size', () => ({ status: 409, type: 'text/x.tlog.size', body: '21\n' }), 'log_behind'],
    ['400', () => ({ status: 400 }), 'failed'],
    ['500', () => ({ status: 500, body: 'sorry' }), 'failed'],
    ['a success of another kind', (asked) => ({ status: 201, body: cosign(asked) }), 'failed'],
  ];
  test.each(cases)('%s', async (_, answer, code) => {
    const fake = await fakeWitness(answer);
    expect(await ask(clientOf(fake.url), 20)).toMatchObject({ ok: false, failure: { code } });
  });

  test('a size that changes each time', async () => {
    let size = 0;
    const fake = await fakeWitness(() => ({ status: 409, type: 'text/x.tlog.size', body: `${++size}\n` }));
    expect(await ask(clientOf(fake.url), 20)).toMatchObject({ ok: false, failure: { code: 'failed' } });
    expect(fake.asked).toHaveLength(3);
  });

  test('none', async () => {
    const fake = await fakeWitness(() => 'silence');
    const reply = await ask(clientOf(fake.url), 20, LOG, AbortSignal.timeout(50));
    expect(reply).toMatchObject({ ok: false, failure: { code: 'timeout' } });
    expect(await ask(clientOf('http://127.0.0.1:1'), 20)).toMatchObject({ failure: { code: 'unreachable' } });
  });

  test('tells how long to leave it alone', async () => {
    const fake = await fakeWitness(() => ({ status: 429, headers: { 'retry-after': '7' } }));
    expect(await ask(clientOf(fake.url), 20)).toMatchObject({
      failure: { code: 'busy', retryAfterMs: 7_000 },
    });
  });

  test('lines of strangers beside the right one do no harm', async () => {
    const stranger = generateCosigner('stranger.example');
    const fake = await fakeWitness((asked) => ({
      status: 200,
      body: formatSignatures([stranger.cosign(asked.signed.note.text, 1)]) + cosign(asked),
    }));
    expect(await ask(clientOf(fake.url), 20)).toMatchObject({ ok: true, line: { name: COSIGNER.name } });
  });
});
