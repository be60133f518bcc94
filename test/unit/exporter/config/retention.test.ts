import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../../packages/exporter/src/config/index.ts';
import { Classifier } from '../../../../packages/exporter/src/retention/retention-class.ts';
import { formatPeriod, parsePeriod } from '../../../../packages/exporter/src/retention/index.ts';

const DAY_MS = 86_400_000;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function retentionOf(text: string): Promise<Config['retention']> {
  await writeFile(join(directory, 'spanledger.yaml'), text);
  return loadConfig({ directory, env: {} }).retention;
}

test('without a word of it everything is kept for ever', async () => {
  expect(await retentionOf('log: { level: info }')).toBeUndefined();
  expect(await retentionOf('retention: {}')).toEqual({
    classes: [{ name: 'default', keepMs: Number.POSITIVE_INFINITY }],
    graceMs: DAY_MS,
  });
});

test('classes in the order of the file, the default last, one value or a list', async () => {
  const retention = await retentionOf(`
retention:
  default: 400d
  grace_hours: 0
  classes:
    sign-ins: { keep: 730d, match: { category: [authentication, session], outcome: failure } }
    staff: { keep: 36h }
    health: { keep: 90s, match: { policy_rule: probes, action: 'GET /health*' } }
`);
  expect(retention).toEqual({
    classes: [
      {
        name: 'sign-ins',
        keepMs: 730 * DAY_MS,
        match: { category: ['authentication', 'session'], outcome: ['failure'] },
      },
      { name: 'staff', keepMs: 1.5 * DAY_MS },
      { name: 'health', keepMs: 90_000, match: { policyRule: ['probes'], action: ['GET /health*'] } },
      { name: 'default', keepMs: 400 * DAY_MS },
    ],
    graceMs: 0,
  });
});

test('every mistake is told at once, with its field', async () => {
  const text = `
retention:
  default: 2y
  grace_hours: -1
  classes:
    Bad_Name: { keep: 1d }
    default: { keep: 1d }
    a: { match: { category: web } }
    b: { keep: 0d, match: { role: admin } }
    c: { keep: 1d, match: {} }
    d: { keep: 1d, match: { outcome: ok, color: red } }
`;
  const error = await retentionOf(text).catch((failure: unknown) => failure);
  expect(error).toMatchObject({ code: 'config_invalid' });
  const message = error instanceof Error ? error.message : '';
  for (const told of [
    'retention.default: must be a period',
    'retention.grace_hours: must be at least 0',
    'retention.classes.Bad_Name: must be a name of small letters',
    'retention.classes.default: must be a name of small letters',
    'retention.classes.a.keep: must be a period',
    'retention.classes.b.keep: must be a period',
    'retention.classes.b.match.role: is not in the clear: give the rule of the audit policy',
    'retention.classes.c.match: must name at least one field',
    'retention.classes.d.match.outcome: ',
    'retention.classes.d.match.color: there is no such field',
  ]) {
    expect(message).toContain(told);
  }
});

test('periods are read as they are written', () => {
  for (const text of ['1s', '90s', '15m', '36h', '400d', '365000d', 'forever']) {
    expect(formatPeriod(parsePeriod(text) ?? 0)).toBe(text === '90s' ? '90s' : text);
  }
  for (const text of ['', '0d', '1', 'd', '1y', '1.5d', '-1d', '1 d', '365001d', '99999999999d']) {
    expect(parsePeriod(text), text).toBeUndefined();
  }
});

test('the class that the audit policy names, else the first that fits, else the default', () => {
  const classify = new Classifier({
    classes: [
      { name: 'failures', keepMs: 1, match: { outcome: ['failure'], service: ['shop', 'web'] } },
      { name: 'probes', keepMs: 1, match: { action: ['GET /health*', '*.(x)'] } },
      { name: 'rule', keepMs: 1, match: { policyRule: ['staff'] } },
      { name: 'alerts', keepMs: 1, match: { kind: ['alert'], category: ['a', 'b'] } },
      { name: 'named', keepMs: 1 },
      { name: 'default', keepMs: 1 },
    ],
  });
  const classOf = (event: object, more: object = {}, policy?: object): number | undefined =>
    classify.classOf(
      JSON.parse(
        JSON.stringify({
          event: { action: 'x', category: [], kind: 'event', outcome: 'success', ...event },
          audit: { policy },
          ...more,
        }),
      ),
    );
  expect(classOf({ outcome: 'failure' }, { service: { name: 'shop' } })).toBe(0);
  expect(classOf({ outcome: 'failure' }, { service: { name: 'other' } })).toBe(5);
  expect(classOf({ outcome: 'failure' })).toBe(5);
  expect(classOf({ action: 'GET /healthz' })).toBe(1);
  expect(classOf({ action: 'a\nb.(x)' })).toBe(1);
  expect(classOf({ action: 'GET /health' }, {}, { rule: 'staff', retention: 'named' })).toBe(4);
  expect(classOf({}, {}, { rule: 'staff' })).toBe(2);
  expect(classOf({ kind: 'alert', category: ['b'] })).toBe(3);
  expect(classOf({ kind: 'alert', category: ['c'] })).toBe(5);
  expect(classOf({}, {}, { retention: 'unheard-of' })).toBeUndefined();
});
