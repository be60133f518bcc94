// A collector for whoever wants to look at one: node test/real/collector/start.ts --config FILE [--config FILE]
// The files' variables come from the environment. Prints its process id as a line of JSON, and runs until it is told to end.
import { parseArgs } from 'node:util';
import { startCollector } from './collector.ts';

const { values } = parseArgs({ options: { config: { type: 'string', multiple: true } } });
const env: Record<string, string> = { HEALTH_ENDPOINT: '127.0.0.1:13133' };
for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
const collector = await startCollector(values.config ?? [], env);
process.stdout.write(`${JSON.stringify({ pid: collector.pid, health: env['HEALTH_ENDPOINT'] })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void collector.close());
}
