import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startService } from '@spanledger/audit-exporter';
import { exportRequest, sessionAttributes, type SpanSketch } from './otlp-json.ts';

/** How many spans one request of {@link recordLog} carries. */
const SPANS_PER_REQUEST = 100;

/**
 * Lets a real service record spans of two people, stops it, and answers the folder that it leaves behind.
 *
 * @param count - how many spans
 */
export async function recordLog(count: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-log-'));
  const config = loadConfig({
    env: { SPANLEDGER_DATA_DIRECTORY: directory, SPANLEDGER_PORT: '0', SPANLEDGER_LOG_LEVEL: 'fatal' },
  });
  const service = await startService(config);
  try {
    const stream = randomBytes(16).toString('hex');
    for (let sent = 0; sent < count; sent += SPANS_PER_REQUEST) {
      const spans = Array.from({ length: Math.min(SPANS_PER_REQUEST, count - sent) }, (_, i): SpanSketch => {
        const person = (sent + i) % 2 === 0 ? 'alice' : 'bob';
        const token = { 'oidc.token.type': 'access', 'oidc.token.id': `${person}-token` };
        const attributes = { ...sessionAttributes(person, `${person}-session`), ...token };
        return { sequence: sent + i + 1, attributes };
      });
      await postSpans(service.url, exportRequest(stream, spans));
    }
  } finally {
    await service.close();
  }
  return directory;
}

/** Posts an OTLP/JSON request; anything but 200 is an error. */
export async function postSpans(url: string, body: string): Promise<void> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
}
