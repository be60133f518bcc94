/** One series: labels and value. */
export type Sample = [labels: Record<string, string>, value: number];

/** A gauge in the text format of Prometheus: what it is, and its series. */
export function gauge(name: string, help: string, samples: readonly Sample[]): string[] {
  return series('gauge', name, help, samples);
}

/** A gauge or a counter. */
export function series(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: readonly Sample[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${describeLabels(labels)} ${value}`),
  ];
}

function describeLabels(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
