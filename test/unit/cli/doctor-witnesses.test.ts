import { expect, test } from 'vitest';
import { checkWitnesses } from '../../../packages/cli/src/commands/doctor/witnesses.ts';

const good = { name: 'witness.example/a', url: 'https://a.example', size: 9, good: true };
const failing = (failure: string): typeof good & { failure: string } => ({ ...good, good: false, failure });

test('a service without witnesses has none to look at', () => {
  expect(checkWitnesses({ sizes: { published: 3 } })).toEqual([]);
});

test('enough that sign are good', () => {
  expect(checkWitnesses({ witnesses: { signed: 2, quorum: 2, of: [good, good] } })).toMatchObject([
    { verdict: 'good', subject: 'witnesses', detail: '2 of 2 signed the checkpoint, 2 are demanded' },
  ]);
});

test('too few want a look, and each that does not sign is named', () => {
  const findings = checkWitnesses({ witnesses: { signed: 0, quorum: 1, of: [failing('timeout'), good] } });
  expect(findings).toMatchObject([
    { verdict: 'warning', subject: 'witnesses' },
    { verdict: 'warning', subject: 'witness', detail: 'witness.example/a: timeout' },
  ]);
});

test('one that contradicts the log is bad, however many others sign', () => {
  for (const code of ['contradicted', 'log_behind', 'proof_refused']) {
    const findings = checkWitnesses({ witnesses: { signed: 2, quorum: 1, of: [good, good, failing(code)] } });
    expect(
      findings.map(({ verdict }) => verdict),
      code,
    ).toEqual(['good', 'bad']);
  }
});
