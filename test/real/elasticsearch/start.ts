// A node for whoever wants to look at one: node test/real/elasticsearch/start.ts [--port 9200] [--security] [--heap 1g]
// Prints where it is as a line of JSON, and runs until it is told to end.
import { parseArgs } from 'node:util';
import { startElasticsearch } from './node.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, security: { type: 'boolean' }, heap: { type: 'string' } },
});
const node = await startElasticsearch({
  ...(values.port !== undefined && { port: Number(values.port) }),
  ...(values.security !== undefined && { security: values.security }),
  ...(values.heap !== undefined && { heap: values.heap }),
});
const { url, pid, caFile, username, password } = node;
process.stdout.write(`${JSON.stringify({ url, pid, caFile, username, password })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void node.close());
}
