import { readFile } from 'node:fs/promises';

/** A span as the file exporter writes it. */
export interface WrittenSpan {
  traceId: string;
  name: string;
  /** Attributes by name, as OTLP/JSON has their values. */
  attributes: Map<string, unknown>;
}

/** What the normal path has let through so far. */
export async function readTelemetry(file: string): Promise<WrittenSpan[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => JSON.parse(line).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map(({ traceId, name, attributes = [] }) => ({
      traceId,
      name,
      attributes: new Map(attributes.map(({ key, value }: Record<string, unknown>) => [key, value])),
    }));
}
