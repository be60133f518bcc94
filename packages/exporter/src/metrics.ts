import type { Ledger } from '@spanledger/ledger';

/** The text format of Prometheus, which OpenTelemetry Collectors read too. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One series: labels and value. */
type Sample = [labels: Record<string, string>, value: number];

/** How far a ledger is, and how it stands with its witnesses, for a monitor. */
export function describeMetrics(ledger: Pick<Ledger, 'sizes' | 'trouble' | 'witnessing'>): string {
  const moments = Object.entries(ledger.sizes()).map(([moment, size]): Sample => [{ moment }, size]);
  const lines = [
    ...gauge('spanledger_ledger_entries', 'Entries of the ledger that have reached a moment.', moments),
    ...gauge('spanledger_ready', 'Whether nothing keeps the service from its work.', [
      [{}, ledger.trouble() === undefined ? 1 : 0],
    ]),
  ];
  const witnessing = ledger.witnessing();
  if (witnessing !== undefined) {
    const { signed, quorum, isEnough, witnesses } = witnessing;
    const each = (value: (witness: (typeof witnesses)[number]) => number): Sample[] =>
      witnesses.map((witness) => [{ witness: witness.name }, value(witness)]);
    lines.push(
      ...gauge('spanledger_checkpoint_cosignatures', 'Witnesses that signed the checkpoint.', [[{}, signed]]),
      ...gauge('spanledger_checkpoint_cosignatures_demanded', 'How many are demanded.', [[{}, quorum]]),
      ...gauge('spanledger_checkpoint_quorum', 'Whether enough witnesses signed the checkpoint.', [
        [{}, isEnough ? 1 : 0],
      ]),
      ...gauge(
        'spanledger_witness_up',
        'Whether a witness answered as it should when it was asked last.',
        each(({ isGood }) => (isGood ? 1 : 0)),
      ),
      ...gauge(
        'spanledger_witness_entries',
        'The size that a witness signed last, in entries.',
        each(({ size }) => size),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

function gauge(name: string, help: string, samples: readonly Sample[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}${describeLabels(labels)} ${value}`),
  ];
}

function describeLabels(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
