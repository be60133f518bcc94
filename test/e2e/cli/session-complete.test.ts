import { openArchive } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import {
  hasCaughtUp,
  makeDataDirectory,
  sendTraces,
  startTestService,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';

test('spanledger session --complete says what is missing of a session, of a service and of a directory', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const service = await startTestService(data.path);
  const shop = createSender('shop');
  const numbered = (sid: string) => shop.span({ attributes: sessionAttributes('alice', sid) });
  const whole = [numbered('whole'), numbered('whole'), numbered('whole')];
  const between = shop.span();
  // One is lost within the session, one right after it, and what comes later is there.
  const parts = Array.from({ length: 6 }, () => numbered('parts'));
  const after = [shop.span(), shop.span()];
  const ended = shop.span({ events: [{ name: 'audit.producer.ended' }] });
  const other = createSender('legacy', false);
  const unnumbered = other.span({ attributes: sessionAttributes('bob', 'unnumbered') });
  const sent = [
    ...whole,
    between,
    ...parts.filter((_, i) => i !== 2 && i !== 5),
    ...after,
    ended,
    unnumbered,
  ];
  expect((await sendTraces(service.url, toProtobuf(sent))).status).toBe(200);
  await waitFor('the followers', () => hasCaughtUp(service));
  const ask = (id: string, ...more: string[]): Promise<CliResult> =>
    runCli(['session', id, '--complete', '--url', service.url, ...more]);

  const complete = await ask('whole');
  expect(complete).toMatchObject({ status: 0, stderr: '' });
  expect(complete.stdout).toMatch(/^COMPLETE {2}session /);
  expect(complete.stdout).toContain('numbers 1 to 3, 3 records');
  expect(complete.stdout).toContain('after 3: its producer went on, and ended');

  const incomplete = await ask('parts');
  expect(incomplete.status).toBe(1);
  expect(incomplete.stdout).toMatch(/^NOT COMPLETE {2}session /);
  expect(incomplete.stdout).toContain('missing 7: no record says why');
  expect(incomplete.stdout).toContain('missing 10: no record says why');
  const json: unknown = JSON.parse((await ask('parts', '--json')).stdout);
  expect(json).toMatchObject({
    complete: false,
    unnumbered: 0,
    producers: [
      {
        stream_id: shop.streamId,
        service: 'shop',
        first: 5,
        last: 9,
        records: 4,
        tail: 'ended',
        exact: true,
        holes: [
          { from: 7, to: 7 },
          { from: 10, to: 10 },
        ],
      },
    ],
  });

  const legacy = await ask('unnumbered');
  expect(legacy.status).toBe(1);
  expect(legacy.stdout).toContain('No producer numbered any span of it');
  const nobody = await ask('nobody');
  expect(nobody.status).toBe(1);
  expect(nobody.stderr).toContain('there is no session nobody');

  const response = await fetch(`${service.url}/api/sessions/parts/completeness`);
  expect(await response.json()).toEqual(json);
  expect((await fetch(`${service.url}/api/sessions/nobody/completeness`)).status).toBe(404);
  await service.close();
  const archive = await openArchive(data.path);
  const answer = await archive.completeness('parts');
  await archive.close();
  expect(answer).toMatchObject({ complete: false, producers: [{ holes: [{ from: 7 }, { from: 10 }] }] });
});
