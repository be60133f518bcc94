import { setTimeout as delay } from 'node:timers/promises';
import { dataDirectory } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { openStoredOpenings } from '../../../packages/exporter/src/privacy/index.ts';
import { expectSpansKept, Load } from '../../support/exporter/load.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import { makeDataDirectory, startTestService, verifyDirectory } from '../../support/exporter/service.ts';

/** SPANLEDGER_KILL_ROUNDS: 100 by `npm run prove`. */
const KILLS = Number(process.env['SPANLEDGER_KILL_ROUNDS'] ?? 20);
const MAX_ROUND_MS = 20_000;
const ROUNDS_PER_LINE = 25;
const SENDERS = 8;
/** So many that full tiles come fast enough for the thread that writes files. */
const SPANS_PER_REQUEST = 128;
const OPENINGS_AT_ONCE = 10_000;

test(
  `kill -9 and ended threads under load, ${KILLS} times: every acknowledged span is there once, in order, and all of it verifies`,
  async () => {
    const data = await makeDataDirectory();
    onTestFinished(() => data.remove());
    await using service = new ServiceProcess(data.path);
    await service.start();
    const load = new Load(service, SENDERS, SPANS_PER_REQUEST);
    load.start();
    for (let kill = 0; kill < KILLS; kill++) {
      // Some right after the start, some when segments are being re-sealed, some in the middle of everything.
      const lifeMs = Math.random() * (kill % 4 === 0 ? 3000 : 400);
      const threadLifeMs = Math.random() * lifeMs;
      await delay(threadLifeMs);
      service.endThread();
      await delay(lifeMs - threadLifeMs);
      await service.kill();
      await service.start();
      if (kill % ROUNDS_PER_LINE === ROUNDS_PER_LINE - 1)
        process.stdout.write(`after ${kill + 1} kills ${load.acknowledged} spans are acknowledged\n`);
    }
    await load.stop();
    await service.kill();
    const ended = [...service.endedThreads].map(([name, times]) => `${name} ${times}`);
    expect(ended).not.toEqual([]);
    process.stdout.write(`${load.acknowledged} spans acknowledged; threads ended: ${ended.join(', ')}\n`);

    const after = await startTestService(data.path);
    await after.close();
    const report = await verifyDirectory(data.path);
    expect(report.failures).toEqual([]);

    const openings = await openStoredOpenings(dataDirectory(data.path), undefined);
    for (let from = 0; from < report.size; from += OPENINGS_AT_ONCE) {
      const to = Math.min(from + OPENINGS_AT_ONCE, report.size);
      expect((await openings.read(from, to)).size, 'all opened groups are kept').toBe(to - from);
    }
    openings.close();
    await expectSpansKept(load, data.path);
  },
  KILLS * MAX_ROUND_MS,
);
