import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LOG_ATTACKS } from '../../evaluation/attacks/index.ts';
import {
  codesOf,
  enact,
  LARGE_SHARE,
  recordLogs,
  type LogScene,
  type Seen,
} from '../../evaluation/log-matrix.ts';
import { checkpointIn } from '../../evaluation/log-copy.ts';
import { runCli } from '../support/run-cli.ts';

/** Another one for each attack, so that every variant of some attack is among them. */
const PLACEMENTS = LOG_ATTACKS.map((attack, placement) => ({ attack, placement, log: 'small' }));

/** The first that strike the large log, whose tiles have more levels. */
const LARGE_PLACEMENTS = LOG_ATTACKS.filter(({ strikesLarge }) => strikesLarge === true).map((attack) => {
  return { attack, placement: LARGE_SHARE - 1, log: 'large' };
});

let scene: LogScene;

beforeAll(async () => {
  scene = await recordLogs('command');
});
afterAll(() => scene.witness.close());

/** Writes what an attack left as a data directory, with what a verifier kept beside it. */
async function writeSeen({ files, vkey, asked, witness }: Seen): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-attack-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(directory, 'ledger', path)), { recursive: true });
    await writeFile(join(directory, 'ledger', path), bytes);
  }
  await writeFile(join(directory, 'kept.vkey'), `${vkey}\n`);
  await writeFile(join(directory, 'witness.vkey'), `${witness}\n`);
  await writeFile(join(directory, 'asked'), asked);
  return directory;
}

async function verify(
  directory: string,
  withWitness: boolean,
): Promise<{ status: number | null; codes: string[] }> {
  const inDirectory = (name: string): string => join(directory, name);
  const witness = ['--witness', inDirectory('witness.vkey'), '--known', inDirectory('asked')];
  const args = ['verify', '--data', directory, '--vkey', inDirectory('kept.vkey'), '--json'];
  const { status, stdout } = await runCli(withWitness ? [...args, ...witness] : args);
  const report: { failures: { code: string }[] } = JSON.parse(stdout);
  return { status, codes: report.failures.map(({ code }) => code) };
}

describe('the command finds what the verifier finds', () => {
  it.each([...PLACEMENTS, ...LARGE_PLACEMENTS])(
    '$attack.name, $log log',
    async ({ attack, placement, log }) => {
      const { seen } = await enact(scene, attack, placement);
      expect(checkpointIn(seen.asked).size > 65_536).toBe(log === 'large');
      const directory = await writeSeen(seen);
      const alone = await verify(directory, false);
      expect(new Set(alone.codes)).toEqual(new Set(await codesOf(seen, 'alone')));
      expect(alone.status).toBe(alone.codes.length === 0 ? 0 : 1);
      if (alone.codes.length > 0) return;
      const asked = await verify(directory, true);
      expect(new Set(asked.codes)).toEqual(new Set(await codesOf(seen, 'asked')));
      expect(asked.codes).not.toEqual([]);
      expect(asked.status).toBe(1);
    },
  );
});
